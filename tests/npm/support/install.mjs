// The consumers, each as an app that has installed the packed tarball.
import { execFile } from "node:child_process";
import { cp, mkdtemp, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const CONSUMERS = fileURLToPath(new URL("../consumers/", import.meta.url));

export const TARBALL =
  process.env.RAINDROP_NPM_TARBALL ?? fileURLToPath(new URL("../../../target/npm/raindrop-edge-0.1.0.tgz", import.meta.url));

export const run = promisify(execFile);

/** The path of a program that npm installed here. */
export const bin = (name) => fileURLToPath(new URL(`../node_modules/.bin/${name}`, import.meta.url));

/** Copies the consumers to a directory of their own and installs the package there, from the tarball and nothing else. */
export async function install() {
  const directory = await realpath(await mkdtemp(join(tmpdir(), "raindrop-consumers-")));
  await cp(CONSUMERS, directory, { recursive: true });
  await run("npm", ["install", "--offline", "--no-audit", "--no-fund", "--no-package-lock", TARBALL], { cwd: directory });
  return {
    directory,
    path: (...parts) => join(directory, ...parts),
    package: join(directory, "node_modules/raindrop-edge"),
    remove: () => rm(directory, { recursive: true, force: true }),
  };
}
