import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";

import { chooseLanguage, fill, labelText, translator } from "../../../acd/desk/static/page/i18n.js";

const STATIC = new URL("../../../acd/desk/static/", import.meta.url);
const PAGES = ["start", "agent", "supervisor", "customer"];

const sources = (folder) =>
  readdirSync(new URL(`${folder}/`, STATIC))
    .filter((name) => name.endsWith(".js") && name !== "i18n.js")
    .map((name) => [name, readFileSync(new URL(`${folder}/${name}`, STATIC), "utf8")]);
const placeholders = (text) => [...text.matchAll(/\{(\w+)/g)].map((match) => match[1]).sort();

for (const page of PAGES) {
  const { TEXTS } = await import(new URL(`${page}/i18n.js`, STATIC));

  test(`${page}: every text stands in both languages and speaks of the same things`, () => {
    for (const [key, [en, zh]] of Object.entries(TEXTS)) {
      assert.ok(en && zh, key);
      assert.deepEqual(placeholders(en), placeholders(zh), key);
    }
  });

  test(`${page}: Chinese texts are Chinese`, () => {
    for (const [key, [en, zh]] of Object.entries(TEXTS)) {
      assert.ok(/\p{Script=Han}/u.test(zh) || zh === en || !/[a-z]{3}/i.test(zh.replace(/\{\w+\}/g, "")), `${key}: ${zh}`);
    }
  });

  test(`${page}: every text that its modules name is there`, () => {
    for (const [name, source] of sources(page)) {
      for (const [, key] of source.matchAll(/\bt\(\s*"(\w+)"/g)) assert.ok(key in TEXTS, `${name} asks for ${key}`);
    }
  });
}

test("texts are filled, and choose by number", () => {
  assert.equal(fill("{count|1 call|# calls} for {who}", { count: 1, who: "Ann" }), "1 call for Ann");
  assert.equal(fill("{count|1 call|# calls}", { count: 12 }), "12 calls");
  assert.equal(fill("{other}", {}), "{other}");
});

test("an unknown key is shown as it is: a newer server may send it", () => {
  assert.equal(translator({ a: ["A", "甲"] }, "zh")("a"), "甲");
  assert.equal(translator({}, "en")("brand_new"), "brand_new");
});

test("the language is the remembered one, else the browser's best, else English", () => {
  assert.equal(chooseLanguage("zh", ["en-GB"]), "zh");
  assert.equal(chooseLanguage(null, ["fr", "zh-TW", "en"]), "zh");
  assert.equal(chooseLanguage("klingon", ["fr"]), "en");
});

test("a label falls back to the other language, then to the id", () => {
  assert.equal(labelText({ en: "Support", zh: "" }, "zh", "s"), "Support");
  assert.equal(labelText({}, "zh", "s"), "s");
  assert.equal(labelText(null, "en", "s"), "s");
});
