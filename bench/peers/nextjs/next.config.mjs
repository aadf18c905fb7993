import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('.', import.meta.url));

// As `create-next-app` makes it, without the header that advertises it. The roots are named because other lock files lie further up.
export default { poweredByHeader: false, outputFileTracingRoot: here, turbopack: { root: here } };
