/** What the pages use of preact and htm, as one standalone module. */

export interface Element {
  readonly type: unknown;
}

export function html(strings: TemplateStringsArray, ...values: any[]): any;
export function render(tree: any, parent: HTMLElement): void;
export function useState<T>(initial: T): [T, (next: T | ((before: T) => T)) => void];
export function useReducer<S, A>(reduce: (state: S, action: A) => S, initial: S): [S, (action: A) => void];
export function useEffect(effect: () => void | (() => void) | unknown, inputs?: readonly unknown[]): void;
export function useLayoutEffect(effect: () => void | (() => void) | unknown, inputs?: readonly unknown[]): void;
export function useRef<T>(initial: T): { current: T };
export function useMemo<T>(make: () => T, inputs: readonly unknown[]): T;
export interface Context<T> {
  readonly Provider: any;
  readonly value?: T;
}
export function createContext<T>(value: T): Context<T>;
export function useContext<T>(context: Context<T>): T;
