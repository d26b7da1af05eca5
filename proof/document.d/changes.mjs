// Fails where the document breaks callers of the last release and the changelog does not say so.
// `node changes.mjs RELEASED CURRENT CHANGELOG`.
import { readFileSync } from "node:fs";
import { breaks, untold } from "./breaking.mjs";

const [released, current, changelog] = process.argv.slice(2).map((path) => readFileSync(path, "utf8"));
const [old, now] = [JSON.parse(released), JSON.parse(current)];
const version = old.info.version;
if (!changelog.includes(`## [${version}]`)) {
  console.error(`The changelog has no heading for ${version}, the version of openapi/released.json.`);
  process.exit(1);
}
const found = breaks(old, now);
const silent = untold(found, changelog);
if (silent.length > 0) {
  console.error(`These changes since ${version} break callers, and "### Breaking" under "## [Unreleased]" in CHANGELOG.md does not name them:`);
  silent.forEach(({ place, what }) => console.error(`- \`${place}\` ${what}`));
  process.exit(1);
}
console.log(`changes: ${found.length === 0 ? "nothing breaks" : `${found.length} told in the changelog break`} callers of ${version}`);
