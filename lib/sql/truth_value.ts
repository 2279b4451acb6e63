/** How a truth vector says that a row's condition is false. */
export const FALSE = 0;
/** How a truth vector says that a row's condition is true. */
export const TRUE = 1;
/** How a truth vector says that a row's condition is null. */
export const NULL = 2;
