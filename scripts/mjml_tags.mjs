// Writes the table of MJML's tags that `digest.rendering.mjml.tags` reads, from the metadata of npm's mjml 4:
//
//     npm install --no-save mjml@4
//     node scripts/mjml_tags.mjs node_modules > src/digest/rendering/mjml/tags.json

import { createRequire } from "node:module"
import { resolve } from "node:path"

const directory = process.argv[2]
if (!directory) {
  console.error("usage: node scripts/mjml_tags.mjs path/to/node_modules")
  process.exit(2)
}
const require = createRequire(resolve(directory, "index.js"))
const { components, dependencies } = require("mjml-preset-core")

// Patterns ("anything may stand in mj-attributes") are left to the reader of the table.
const childrenOf = (name) => (dependencies[name] ?? []).filter((child) => typeof child === "string").sort()
const sorted = (object) => Object.fromEntries(Object.entries(object).sort(([a], [b]) => (a < b ? -1 : 1)))

const tags = {
  // No component of its own: mjml-core reads these two attributes off the root.
  mjml: { ending: false, children: childrenOf("mjml"), attributes: { dir: "enum(auto,ltr,rtl)", lang: "string" } },
}
for (const component of components) {
  const name = component.componentName
  const attributes = sorted(component.allowedAttributes ?? {})
  tags[name] = { ending: component.endingTag === true, children: childrenOf(name), attributes }
}

const lines = Object.entries(sorted(tags)).map(([name, tag]) => `    ${JSON.stringify(name)}: ${JSON.stringify(tag)}`)
console.log(`{
  "version": ${JSON.stringify(require("mjml/package.json").version)},
  "colors": ${JSON.stringify(require("mjml-core/lib/types/helpers/colors"))},
  "tags": {
${lines.join(",\n")}
  }
}`)
