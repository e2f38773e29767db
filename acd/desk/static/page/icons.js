/**
 * The pages' signs, drawn on a field of 16 by 16. States differ by shape as well as by colour.
 */

import { html } from "../vendor/preact.js";

/** @type {Record<string, string>} strokes only, so that one weight fits all */
const STROKES = {
  phone:
    "M5 2.5 3 3.2c-.6.2-.9.8-.8 1.5.9 4.6 4.5 8.2 9.1 9.1.7.1 1.3-.2 1.5-.8l.7-2-3-1.7-1.3 1.2a8 8 0 0 1-3.7-3.7L6.7 5.5z",
  chat: "M2.5 3.5h11v7.5h-6l-3 2.5v-2.5h-2z",
  clock: "M8 2.2a5.8 5.8 0 1 0 0 11.6A5.8 5.8 0 0 0 8 2.2zM8 5v3.2l2.2 1.4",
  repeat: "M3 7.2A5 5 0 0 1 12 5l1.2 1.4M13.4 3.2v3.3h-3.3M13 8.8A5 5 0 0 1 4 11L2.8 9.6M2.6 12.8V9.5h3.3",
  warning: "M8 2.4 14.3 13.4H1.7zM8 6.6v3M8 11.4v.2",
  check: "m3 8.5 3.2 3.2L13 4.8",
  close: "m4 4 8 8M12 4l-8 8",
  down: "m4 6.2 4 4 4-4",
  up: "m4 9.8 4-4 4 4",
  more: "M3.5 8h.01M8 8h.01M12.5 8h.01",
  hold: "M5.5 3.5v9M10.5 3.5v9",
  play: "M5 3.2 12.2 8 5 12.8z",
  arrow: "M3 8h10M9.2 4.2 13 8l-3.8 3.8",
  transfer: "M2.5 5.5h10M9.8 2.8l2.7 2.7-2.7 2.7M13.5 10.5h-10M6.2 7.8l-2.7 2.7 2.7 2.7",
  hangup: "M2.2 9.5c3.4-3.3 8.2-3.3 11.6 0l-1.5 2-2.6-1.1V8.6a7 7 0 0 0-3.4 0v1.8L3.7 11.5z",
  ticket: "M2.2 5h11.6v2a1.2 1.2 0 0 0 0 2.3v2H2.2v-2a1.2 1.2 0 0 0 0-2.3z",
  back: "M6 4 2.8 7.2 6 10.4M3 7.2h6.5a3.2 3.2 0 0 1 0 6.4H7",
  person: "M8 8a2.8 2.8 0 1 0 0-5.6A2.8 2.8 0 0 0 8 8zM2.8 13.8a5.2 5.2 0 0 1 10.4 0",
  people:
    "M6 8a2.4 2.4 0 1 0 0-4.8A2.4 2.4 0 0 0 6 8zM1.6 13.2a4.4 4.4 0 0 1 8.8 0M10.6 3.4a2.4 2.4 0 0 1 0 4.5M11.6 9.3a4.4 4.4 0 0 1 2.8 3.9",
  bot: "M3 6.5h10v6H3zM8 6.5V3.4M8 3.2v-.1M5.9 9.4v.2M10.1 9.4v.2M1.6 8.6v2M14.4 8.6v2",
  send: "M2.6 8 13.4 3l-3 10-2.6-4.2zM7.8 8.8 13.4 3",
  filter: "M2.5 3.5h11L9.2 8.6v4.2l-2.4-1.4V8.6z",
  link: "M3 10.5a7 7 0 0 1 10 0M5.2 8.2a4 4 0 0 1 5.6 0M8 12.8h.01",
  linkOff: "M3 10.5A7 7 0 0 1 6.6 8.6M13 10.5a7 7 0 0 0-2-1.4M2.5 2.5l11 11M8 12.8h.01",
  exit: "M6.5 2.8h-4v10.4h4M6.2 8h7M10.6 5.4 13.2 8l-2.6 2.6",
  raise: "M8 13V4M4.2 7.6 8 3.8l3.8 3.8",
  gate: "M4 7V5.2a4 4 0 0 1 8 0V7M3 7h10v6.2H3z",
  info: "M8 2.2a5.8 5.8 0 1 0 0 11.6A5.8 5.8 0 0 0 8 2.2zM8 7.4v3.4M8 5.2v.1",
};

/**
 * @param {{name: string, title?: string}} props a title makes it speak; without one it is decoration
 */
export function Icon({ name, title }) {
  return html`<svg
    class="icon"
    viewBox="0 0 16 16"
    fill="none"
    stroke="currentColor"
    stroke-width=${name === "more" ? 2.2 : 1.4}
    stroke-linecap="round"
    stroke-linejoin="round"
    role=${title ? "img" : null}
    aria-hidden=${title ? null : "true"}
    aria-label=${title}
  >
    ${title && html`<title>${title}</title>`}
    <path d=${STROKES[name] ?? STROKES.info} />
  </svg>`;
}

/** @type {Record<string, any>} filled shapes for states: known without their colour */
const SHAPES = {
  ready: html`<circle cx="8" cy="8" r="6" />`,
  talking: html`<path d="M2 4.5C2 3 3 2 4.5 2h7C13 2 14 3 14 4.5v4c0 1.5-1 2.5-2.5 2.5H8l-4 3.5V11C2.8 11 2 10 2 8.5z" />`,
  held: html`<path d="M3 2.5h3.6v11H3zM9.4 2.5H13v11H9.4z" />`,
  offered: html`<path d="M8 1.5 14.5 8 8 14.5 1.5 8z" />`,
  wrap_up: html`<path d="M8 2a6 6 0 0 1 0 12z" /><circle cx="8" cy="8" r="5.3" fill="none" stroke="currentColor" stroke-width="1.5" />`,
  not_ready: html`<circle cx="8" cy="8" r="5.3" fill="none" stroke="currentColor" stroke-width="1.5" /><path d="M4.5 7.2h7v1.6h-7z" />`,
  system: html`<path d="M8 1.5 15 14H1z" />`,
  signed_out: html`<circle cx="8" cy="8" r="5.3" fill="none" stroke="currentColor" stroke-width="1.5" stroke-dasharray="2.5 2" />`,
};

/** @param {{state: string}} props */
export function Shape({ state }) {
  return html`<svg class="shape" viewBox="0 0 16 16" fill="currentColor" aria-hidden="true">
    ${SHAPES[state] ?? SHAPES.not_ready}
  </svg>`;
}

/** The house's own sign: many lines in, one chosen. */
export function Brand() {
  return html`<svg viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" aria-hidden="true">
    <path d="M3 5h3c4 0 4 7 8 7h3M3 12h14M3 19h3c4 0 4-7 8-7" />
    <circle cx="19.5" cy="12" r="2.5" fill="currentColor" stroke="none" />
  </svg>`;
}
