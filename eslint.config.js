import js from "@eslint/js";
import globals from "globals";

export default [
  {
    files: ["src/freyvae/explorer/web/**/*.js", "src/freyvae/live/templates/*.js"],
    ...js.configs.recommended,
    languageOptions: { globals: globals.browser },
  },
  {
    files: ["*.js", "tests/explorer/web/**/*.js"],
    ...js.configs.recommended,
    languageOptions: { globals: globals.node },
  },
  { ignores: ["src/freyvae/explorer/static/", "docs/", ".venv*/"] },
];
