// Style sheets, from SCSS to what the browser gets: compiled, purged of what
// the pages do not use, and turned from left and right into start and end, so
// that one sheet does for languages of both directions.
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { transform } from "esbuild";
import postcss from "postcss";
import { PurgeCSS } from "purgecss";
import { compile } from "sass";

const here = dirname(fileURLToPath(import.meta.url));
const templates = (...names) => names.map((name) => join(here, "../templates", `${name}.gohtml`));

// What a form and the pages that come in its place are made of. The script puts
// those pages under the sheet that is there already.
const formPages = [
  ...templates("layout", "pages/{form,check,refer_*,survey_thanks,survey_notice,survey_invitation}"),
  ...templates("components/{choice,error-summary,field,phase-banner,survey-parts,text,typed,worried}"),
  join(here, "js/*.js"),
];

export async function styleSheets() {
  return {
    "form.css": await styleSheet("public", formPages),
    "public.css": await styleSheet("public", templates("**/*")),
    "manage.css": await styleSheet("manage"),
  };
}

// styleSheet builds scss/NAME.scss. Given the files that its class names stand
// in, it keeps what those use and nothing else.
async function styleSheet(name, usedIn) {
  const { css } = compile(join(here, "scss", `${name}.scss`), {
    loadPaths: [join(here, "node_modules/govuk-frontend/dist")],
    quietDeps: true,
  });
  const steps = usedIn ? [saidOnce, withoutPrintersFonts, logical] : [saidOnce, logical];
  const kept = usedIn ? await purged(css, usedIn) : css;
  const lean = postcss(steps).process(kept, { from: undefined }).css;
  const { code } = await transform(lean, { loader: "css", minify: true, target: ["es2019", "safari13"] });
  return code;
}

// The server names these classes, in no template.
const namedByTheServer = [/^govuk-input--width-(2|4|10|20)$/];

// The frame has these for managers alone.
const managersFrame = [/^site-nav/, /^site-header__account/];

async function purged(css, content) {
  const [{ css: kept }] = await new PurgeCSS().purge({
    content,
    css: [{ raw: css }],
    safelist: [...namedByTheServer, ":root"],
    blocklist: managersFrame,
    dynamicAttributes: ["dir"],
  });
  return kept;
}

// saidOnce takes out what the design system says again at every turn: the
// font, which _page.scss sets for all, and a way to set each colour from
// outside, which it uses itself for the text on its panels, and nobody else
// here. Then it joins what has come together.
function saidOnce(root) {
  root.walkDecls((decl) => {
    const { prop } = decl;
    while (/var\(--govuk-[\w-]+, [^()]+\)/.test(decl.value)) {
      decl.value = decl.value.replace(/var\(--govuk-[\w-]+, ([^()]+)\)/g, "$1");
    }
    const font = (prop === "font-family" && decl.value.startsWith("arial")) || prop.endsWith("font-smoothing");
    if (prop === "--govuk-text-colour" && !selects(decl, ":root")) decl.prop = "color";
    else if (prop.startsWith("--govuk-") || (font && !selects(decl, "body"))) decl.remove();
  });
  root.walkRules((rule) => {
    const before = rule.prev();
    if (rule.nodes.length === 0) {
      rule.remove();
    } else if (before && before.type === "rule" && before.selector === rule.selector) {
      before.append(rule.nodes);
      rule.remove();
    }
  });
}

const selects = ({ parent }, selector) => parent.type === "rule" && parent.selectors.includes(selector);

// On paper the public pages keep the sizes of the screen.
function withoutPrintersFonts(root) {
  root.walkAtRules("media", (media) => {
    if (media.params !== "print") return;
    media.walkDecls(/^(font-family|font-size|line-height)$/, (decl) => decl.remove());
    media.walkRules((rule) => {
      if (rule.nodes.length === 0) rule.remove();
    });
    if (media.nodes.length === 0) media.remove();
  });
}

// Shapes drawn with the borders of a turned box. A tick looks the same in
// every language; the arrows are turned by rules of our own.
const drawn = /(back-link|checkboxes__label|details__summary|details\[open\].*summary)::?(before|after)$/;

const isDrawn = ({ prop, parent }) => /^border/.test(prop) && parent.type === "rule" && parent.selectors.every((s) => drawn.test(s));

const directions = { left: "start", right: "end" };
const side = /^(margin|padding|border)-(left|right)(-\w+)?$/;

// logical turns what says left and right into what says start and end, and
// fails on what it does not know how to turn.
function logical(root) {
  root.walkDecls((decl) => {
    const { prop, value } = decl;
    if (isDrawn(decl)) return;
    if (prop in directions) {
      decl.prop = `inset-inline-${directions[prop]}`;
    } else if (side.test(prop)) {
      decl.prop = prop.replace(side, (_, box, where, part = "") => `${box}-inline-${directions[where]}${part}`);
    } else if (/^(text-align|justify-content)$/.test(prop) && value in directions) {
      decl.value = directions[value];
    } else if (/^(float|clear)$/.test(prop) && value in directions) {
      decl.value = `inline-${directions[value]}`;
    } else if (/^(margin|padding)$/.test(prop) && isLopsided(prop, value)) {
      split(decl);
    } else if (isLopsided(prop, value) || saysASide(prop, value)) {
      throw decl.error(`“${prop}: ${value}” would not turn with the language: say it with start and end.`);
    }
  });
}

// split parts a shorthand with a left that is not its right.
function split(decl) {
  const values = postcss.list.space(decl.value);
  ["top", "inline-end", "bottom", "inline-start"].forEach((where, i) => decl.cloneBefore({ prop: `${decl.prop}-${where}`, value: values[i] }));
  decl.remove();
}

// isLopsided finds a shorthand whose left is not its right.
function isLopsided(prop, value) {
  const values = postcss.list.space(value);
  if (prop === "border-radius") return new Set(values).size > 1;
  if (!/^(margin|padding|inset|border-(width|style|color)|scroll-(margin|padding))$/.test(prop)) return false;
  return values.length === 4 && values[1] !== values[3];
}

// saysASide finds a corner, a place in a picture, and a movement along the line.
const saysASide = (prop, value) =>
  /^border-(top|bottom)-(left|right)-radius$/.test(prop) ||
  (/^(background|object-position|transform-origin|mask)/.test(prop) && /\b(left|right)\b/.test(value)) ||
  (prop === "transform" && /translate(X|3d)?\((?!0\b)/.test(value));
