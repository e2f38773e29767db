/** How a customer is named and numbered on the desks. Pure. The server masks; the pages only lay out. */

/** @typedef {import("./i18n.js").Translate} Translate */
/** @typedef {import("./tables.js").Row} Row */

/**
 * An identity as people read it: `tel:+86138****8000` is `+86138****8000`; a browser's id says nothing to anybody.
 *
 * @param {string} identity
 * @param {Translate} t
 */
export function identityText(identity, t) {
  const cut = identity.indexOf(":");
  const [kind, value] = cut < 0 ? ["", identity] : [identity.slice(0, cut), identity.slice(cut + 1)];
  if (kind === "tel") return value;
  if (kind === "account") return t("account_number", { number: value });
  if (kind === "chat" || kind === "web") return t("web_visitor");
  return value;
}

/** The best name we have for whoever this is. @param {Row} row an offer, assignment or contact @param {Translate} t */
export function customerName(row, t) {
  if (row.display) return row.display;
  const named = (row.identities ?? []).find((/** @type {string} */ identity) => !/^(chat|web):/.test(identity));
  if (named) return identityText(named, t);
  return row.number || t("unknown_customer");
}

/** What identifies them beside the name, each text once. @param {Row} row @param {Translate} t @returns {string[]} */
export function customerNumbers(row, t) {
  const name = customerName(row, t);
  const texts = (row.identities ?? []).map((/** @type {string} */ identity) => identityText(identity, t));
  return [...new Set([...texts, ...(row.number ? [row.number] : [])])].filter((text) => text !== name);
}
