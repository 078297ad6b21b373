// Reads {name: text} from standard input, and prints {name: SVG}, light and dark.
import { D2 } from "@terrastruct/d2";
import { readFileSync } from "node:fs";

const themes = { light: 0, dark: 200 };
const d2 = new D2();
const drawn = {};
for (const [name, text] of Object.entries(JSON.parse(readFileSync(0, "utf8")))) {
  const { diagram, renderOptions } = await d2.compile(text);
  for (const [theme, themeID] of Object.entries(themes)) {
    const options = { ...renderOptions, themeID, pad: 8, noXMLTag: true };
    drawn[`${name}-${theme}`] = await d2.render(diagram, options);
  }
}
process.stdout.write(JSON.stringify(drawn), () => process.exit(0));
