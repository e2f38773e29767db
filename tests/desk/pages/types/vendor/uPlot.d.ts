/** What the pages use of uPlot. */

export default class uPlot {
  constructor(options: object, data: unknown[][], place: HTMLElement);
  setData(data: unknown[][]): void;
  setSize(size: { width: number; height: number }): void;
  destroy(): void;
}
