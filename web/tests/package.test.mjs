// What npm packs is a package: it installs, imports without a document, and its types hold in a strict project.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";

const web = fileURLToPath(new URL("..", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "video-call-package-"));
after(() => rmSync(folder, { recursive: true }));
const run = (program, args, cwd = folder) => {
  try {
    return execFileSync(program, args, { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
  } catch (error) {
    throw new Error(`${program} ${args.join(" ")}\n${error.stdout}\n${error.stderr}`);
  }
};

const [packed] = JSON.parse(run("npm", ["pack", "--json", "--ignore-scripts", "--pack-destination", folder], web));
mkdirSync(join(folder, "node_modules/@stagedoor/video-call"), { recursive: true });
run("tar", ["-xzf", packed.filename, "--strip-components=1", "-C", "node_modules/@stagedoor/video-call"]);
writeFileSync(join(folder, "package.json"), '{"type":"module"}');

test("it holds what it is made of, and nothing else", () => {
  const names = packed.files.map((one) => one.path);
  for (const one of ["package.json", "README.md", "dist/index.js", "dist/index.d.ts", "dist/react.js", "dist/react.d.ts", "dist/client.js", "src/element.ts"]) assert.ok(names.includes(one), one);
  assert.deepEqual(names.filter((one) => !/^(dist|src)\/[a-z_]+\.(js|d\.ts|ts)$|^(package\.json|README\.md|LICENSE)$/.test(one)), []);
  const license = (where) => readFileSync(where, "utf8");
  assert.equal(license(join(folder, "node_modules/@stagedoor/video-call/LICENSE")), license(join(web, "../LICENSE")), "the repository's");
  const manifest = JSON.parse(run("cat", ["node_modules/@stagedoor/video-call/package.json"]));
  assert.equal(manifest.dependencies, undefined, "no runtime dependency");
});

test("it can be imported where there is no document, and without React", () => {
  const script = 'const a = await import("@stagedoor/video-call"); const b = await import("@stagedoor/video-call/client"); console.log(typeof a.VideoCallElement, typeof b.JoinClient);';
  assert.equal(run(process.execPath, ["--input-type=module", "-e", script]).trim(), "function function");
});

test("the wrapper stands behind the border between server and client of React", () => {
  assert.match(run("head", ["-1", "node_modules/@stagedoor/video-call/dist/react.js"]), /^"use client";/);
});

test("its types hold in a strict project, and refuse what is wrong", () => {
  for (const one of ["react", "@types", "csstype"]) symlinkSync(join(web, "node_modules", one), join(folder, "node_modules", one));
  writeFileSync(
    join(folder, "use.tsx"),
    `import { JoinClient, type JoinState } from "@stagedoor/video-call";
import { VideoCall, useJoin } from "@stagedoor/video-call/react";
const client = new JoinClient({ room: "r", role: "expert" });
const off: () => void = client.subscribe((state: JoinState) => state.state === "ready" && state.answer.embed.allow.length);
document.querySelector("video-call")!.addEventListener("ready", () => off());
export function Page() {
  const { state, retry } = useJoin({ room: "r", role: "client" });
  // @ts-expect-error: no such role
  useJoin({ room: "r", role: "boss" });
  // @ts-expect-error: a room is needed
  const wrong = <VideoCall role="expert" />;
  return <><VideoCall room="r" role="expert" onReady={(answer) => answer.videoCallUrl} onError={({ code }) => code} /><button onClick={retry}>{state.state}</button>{wrong}</>;
}
`,
  );
  const options = { target: "es2022", module: "nodenext", jsx: "react-jsx", strict: true, noEmit: true, exactOptionalPropertyTypes: true, lib: ["es2023", "dom"], types: [] };
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions: options, files: ["use.tsx"] }));
  run(join(web, "node_modules/.bin/tsc"), ["-p", "tsconfig.json"]);
});
