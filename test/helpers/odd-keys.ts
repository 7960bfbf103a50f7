/** Keys that trip programs: names of JavaScript's own, integers, and every kind of character. */

/** No two of them are equal. */
export const oddKeys = [
  ...['', '__proto__', 'constructor', '0', '10', '9', '-1', '1.5', 'a\n"\\', '\u0000', 'é', '€'],
  ...['😀', '\ud800', '\udc00', '\ud800x', 'x\udc00', '\uffff', '\ue000', '\ufeff'],
];
