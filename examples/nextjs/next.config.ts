import type { NextConfig } from 'next';
import { fileURLToPath } from 'node:url';

// The element is linked from this repository, so that the bundler has to look as far up as its root. With the package from npm,
// `turbopack` and `outputFileTracingRoot` are not needed.
const repository = fileURLToPath(new URL('../..', import.meta.url));

const config: NextConfig = {
  poweredByHeader: false,
  turbopack: { root: repository },
  outputFileTracingRoot: repository,
};

export default config;
