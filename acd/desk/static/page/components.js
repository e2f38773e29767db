/** Small parts that every page uses. They show what they are given and report what was pressed. */

import { html, useEffect, useLayoutEffect, useRef, useState } from "../vendor/preact.js";
import { useNow } from "./clock.js";
import { clockText, countdownText } from "./format.js";
import { setLanguage } from "./i18n.js";
import { Brand, Icon } from "./icons.js";

/** @typedef {import("./i18n.js").Language} Language */
/** @typedef {import("./i18n.js").Translate} Translate */

/** @param {{t: Translate, lang: Language}} props */
export function LanguageSwitch({ t, lang }) {
  const choices = /** @type {const} */ ([
    ["en", "English"],
    ["zh", "中文"],
  ]);
  return html`<div class="switch" role="group" aria-label=${t("language")}>
    ${choices.map(
      ([value, text]) => html`<button
        type="button"
        lang=${value === "zh" ? "zh-CN" : "en"}
        aria-pressed=${String(lang === value)}
        onClick=${() => setLanguage(value)}
      >
        ${text}
      </button>`,
    )}
  </div>`;
}

/** @param {{name: string, href?: string}} props */
export function BrandMark({ name, href = "/" }) {
  return html`<a class="brand" href=${href}><${Brand} /><span>${name}</span></a>`;
}

/** A clock that runs from a moment of the server. @param {{since: number}} props */
export function Elapsed({ since }) {
  return html`<time>${clockText(useNow() - since)}</time>`;
}

/** A clock that runs down to a moment of the server. @param {{until: number}} props */
export function Countdown({ until }) {
  return html`<time role="timer">${countdownText(until - useNow())}</time>`;
}

/**
 * The bar beneath a countdown, red in its last quarter.
 *
 * @param {{from: number, until: number}} props
 */
export function CountdownBar({ from, until }) {
  const share = Math.min(1, Math.max(0, (until - useNow()) / Math.max(1, until - from)));
  return html`<div class=${share < 0.25 ? "bar late" : "bar"} aria-hidden="true">
    <span style=${{ transform: `scaleX(${share.toFixed(3)})` }}></span>
  </div>`;
}

/**
 * A button that may take a moment: while its promise is open it cannot be pressed again.
 *
 * @param {{onPress: () => unknown, children?: any, class?: string, disabled?: boolean, title?: string, type?: string,
 *   label?: string}} props
 */
export function Press({ onPress, children, disabled = false, title, label, type = "button", ...rest }) {
  const [busy, setBusy] = useState(false);
  const alive = useRef(true);
  useEffect(() => () => void (alive.current = false), []);
  const press = async () => {
    setBusy(true);
    try {
      await onPress();
    } finally {
      if (alive.current) setBusy(false);
    }
  };
  return html`<button
    type=${type}
    class=${rest.class}
    title=${title}
    aria-label=${label}
    disabled=${disabled || busy}
    onClick=${press}
  >
    ${children}
  </button>`;
}

/**
 * A dialog over the page; Escape and the cancel button close it, focus returns to where it was. What went wrong
 * (`problem`) is said inside: the rest of the page is behind the veil.
 *
 * @param {{title: string, onClose: () => void, children?: any, buttons: any, problem?: string}} props
 */
export function Dialog({ title, onClose, children, buttons, problem = "" }) {
  const element = useRef(/** @type {HTMLDialogElement | null} */ (null));
  useEffect(() => {
    const before = document.activeElement;
    const opened = element.current;
    opened?.showModal();
    return () => {
      // While it is open the rest of the page is inert and takes no focus.
      opened?.close();
      if (before instanceof HTMLElement) before.focus();
    };
  }, []);
  return html`<dialog
    ref=${element}
    aria-label=${title}
    onCancel=${(/** @type {Event} */ event) => {
      event.preventDefault();
      onClose();
    }}
  >
    <form method="dialog" onSubmit=${(/** @type {Event} */ event) => event.preventDefault()}>
      <div class="body">
        <h2>${title}</h2>
        ${children} ${problem && html`<p class="notice alarm" role="alert">${problem}</p>`}
      </div>
      <div class="buttons">${buttons}</div>
    </form>
  </dialog>`;
}

/**
 * Where a menu stands: under its button, over it where there is more room; inside the window in any case.
 *
 * @param {DOMRect} button
 * @param {boolean} right aligned with the button's right side
 */
function menuPlace(button, right) {
  const isLow = button.bottom > window.innerHeight * 0.6;
  return {
    top: isLow ? "auto" : `${button.bottom + 4}px`,
    bottom: isLow ? `${window.innerHeight - button.top + 4}px` : "auto",
    left: right ? "auto" : `${Math.max(4, button.left)}px`,
    right: right ? `${Math.max(4, window.innerWidth - button.right)}px` : "auto",
  };
}

/**
 * A button with a menu: arrow keys walk, Escape closes, a press or a scroll outside closes.
 *
 * @param {{label: any, title?: string, children: any, right?: boolean, class?: string, disabled?: boolean}} props
 *   children: a function that is given `close` and returns the items
 */
export function Menu({ label, title, children, right = false, disabled = false, ...rest }) {
  const [isOpen, setOpen] = useState(false);
  const place = useRef(/** @type {HTMLElement | null} */ (null));
  const button = () => place.current?.querySelector("button");
  const close = () => {
    setOpen(false);
    button()?.focus();
  };
  useEffect(() => {
    if (!isOpen) return;
    const outside = (/** @type {Event} */ event) => {
      if (event.target instanceof Node && !place.current?.contains(event.target)) setOpen(false);
    };
    const scrolled = (/** @type {Event} */ event) => {
      // Only what carries the button along: other parts of the page scroll by themselves.
      if (event.target instanceof Node && event.target.contains(place.current)) setOpen(false);
    };
    document.addEventListener("pointerdown", outside);
    document.addEventListener("scroll", scrolled, true);
    return () => {
      document.removeEventListener("pointerdown", outside);
      document.removeEventListener("scroll", scrolled, true);
    };
  }, [isOpen]);
  // Before the next key can come, and without scrolling: a page that scrolls closes its menu.
  useLayoutEffect(() => {
    if (!isOpen) return;
    const first = /** @type {HTMLElement | null | undefined} */ (place.current?.querySelector('[role^="menuitem"]'));
    first?.focus({ preventScroll: true });
  }, [isOpen]);
  const onKeyDown = (/** @type {KeyboardEvent} */ event) => {
    if (event.key === "Escape" && isOpen) close();
    else if (isOpen && (event.key === "ArrowDown" || event.key === "ArrowUp")) walk(place.current, event);
  };
  const where = isOpen && place.current ? menuPlace(place.current.getBoundingClientRect(), right) : {};
  return html`<div class="menu-place" ref=${place} onKeyDown=${onKeyDown}>
    <button
      type="button"
      class=${rest.class}
      title=${title}
      aria-label=${title}
      aria-haspopup="menu"
      aria-expanded=${String(isOpen)}
      disabled=${disabled}
      onClick=${() => setOpen(!isOpen)}
    >
      ${label}
    </button>
    ${isOpen && html`<div class="menu" style=${where} role="menu">${children(close)}</div>`}
  </div>`;
}

/** @param {HTMLElement | null} place @param {KeyboardEvent} event */
function walk(place, event) {
  event.preventDefault();
  const items = /** @type {HTMLElement[]} */ ([
    ...(place?.querySelectorAll('[role^="menuitem"]:not(:disabled)') ?? []),
  ]);
  const here = items.indexOf(/** @type {any} */ (document.activeElement));
  const step = event.key === "ArrowDown" ? 1 : -1;
  items[(here + step + items.length) % items.length]?.focus();
}

/** A sentence that something went wrong, or right; read aloud when it appears. @param {{text: string, kind?: string, onClose?: () => void, t: Translate}} props */
export function Notice({ text, kind = "alarm", onClose, t }) {
  return html`<div class="notice ${kind}" role="alert">
    <${Icon} name=${kind === "info" ? "info" : "warning"} />
    <span class="grow">${text}</span>
    ${onClose &&
    html`<button type="button" class="plain compact" aria-label=${t("close")} onClick=${onClose}>
      <${Icon} name="close" />
    </button>`}
  </div>`;
}
