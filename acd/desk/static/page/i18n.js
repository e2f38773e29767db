/**
 * Two languages, one switch. A page's texts stand in one table, each row with both languages side by side,
 * so that a text without its translation is seen at once (and by a test).
 *
 * In a text, `{name}` is replaced by a parameter, and `{count|one call|# calls}` chooses by number, `#` being
 * the number itself; the Chinese side needs no such choice.
 */

import { createStore, useStore } from "./store.js";
import { keep, recall } from "./storage.js";

/** @typedef {"en" | "zh"} Language */
/** @typedef {Record<string, readonly [en: string, zh: string]>} Texts */
/** @typedef {Record<string, string | number>} Parameters */
/** @typedef {(key: string, parameters?: Parameters) => string} Translate */
/** @typedef {{en?: string, zh?: string}} Label what people see, as the server sends it */

/**
 * @param {unknown} remembered
 * @param {readonly string[]} preferred the browser's languages, best first
 * @returns {Language}
 */
export function chooseLanguage(remembered, preferred) {
  if (remembered === "en" || remembered === "zh") return remembered;
  for (const tag of preferred) {
    if (tag.toLowerCase().startsWith("zh")) return "zh";
    if (tag.toLowerCase().startsWith("en")) return "en";
  }
  return "en";
}

/**
 * @param {string} text
 * @param {Parameters} parameters
 */
export function fill(text, parameters) {
  return text.replace(/\{(\w+)(?:\|([^|}]*)\|([^}]*))?\}/g, (whole, name, one, many) => {
    const value = parameters[name];
    if (value === undefined) return whole;
    if (one === undefined) return String(value);
    return (Number(value) === 1 ? one : many).replace("#", String(value));
  });
}

/**
 * @param {Texts} texts
 * @param {Language} language
 * @returns {Translate} answers an unknown key with the key: it must be seen, and a code of a newer server may come
 */
export function translator(texts, language) {
  const column = language === "zh" ? 1 : 0;
  return (key, parameters = {}) => {
    const row = texts[key];
    return row ? fill(row[column], parameters) : key;
  };
}

const inBrowser = typeof window !== "undefined";

/** @type {import("./store.js").Store<Language>} */
export const language = createStore(
  chooseLanguage(inBrowser ? recall("local", "language") : null, inBrowser ? navigator.languages : []),
);

/** @param {Language} chosen */
export function setLanguage(chosen) {
  keep("local", "language", chosen);
  language.set(chosen);
}

/** The language that a person's record names; what they chose on this machine goes before. @param {string} named */
export function suggestLanguage(named) {
  if (recall("local", "language") === null) language.set(chooseLanguage(named, [language.get()]));
}

/**
 * @param {Texts} texts
 * @returns {{t: Translate, lang: Language}}
 */
export function useTexts(texts) {
  const lang = useStore(language);
  return { t: translator(texts, lang), lang };
}

/**
 * @param {Label | string | null | undefined} label
 * @param {Language} lang
 * @param {string} [otherwise] usually the id
 */
export function labelText(label, lang, otherwise = "") {
  if (typeof label === "string") return label || otherwise;
  const first = lang === "zh" ? label?.zh : label?.en;
  return first || label?.en || label?.zh || otherwise;
}

/** Keep the document's own language and title true. @param {Translate} t @param {Language} lang */
export function markDocument(t, lang) {
  document.documentElement.lang = lang === "zh" ? "zh-CN" : "en";
  document.title = t("title");
}
