/** Which rows come out without a partner, with nulls in the other side's columns. */
export type JoinType = "inner" | "leftOuter" | "rightOuter" | "fullOuter";

/** Two columns that are equal where rows match: one name on both sides, or one for each. */
export type JoinKey<Left, Right> =
  | (keyof Left & keyof Right & string)
  | { readonly left: keyof Left & string; readonly right: keyof Right & string };

/** The names of the keys that are called the same on both sides: they come out once. */
export type SharedName<On> = On extends readonly (infer Key)[] ? Key extends string ? Key
  : Key extends { readonly left: infer Name; readonly right: infer Other }
    ? Name extends Other ? Name : never
  : never
  : never;

/** A row of a join: the left columns, then the right ones without the keys of the same name. */
export type JoinedRow<Left, Right, On, Type extends JoinType = "inner"> = {
  [Name in keyof Left | Exclude<keyof Right, SharedName<On>>]: Name extends SharedName<On>
    ? SharedValue<Left, Right, Name, Type>
    : Name extends keyof Left
      ? Left[Name] | (Type extends "rightOuter" | "fullOuter" ? null : never)
    : Name extends keyof Right
      ? Right[Name] | (Type extends "leftOuter" | "fullOuter" ? null : never)
    : never;
};

/** A key of the same name on both sides has the value of the side that is there. */
export type SharedValue<Left, Right, Name, Type extends JoinType> = Name extends
  keyof Left & keyof Right ? Type extends "rightOuter" ? Right[Name]
  : Type extends "fullOuter" ? Left[Name] | Right[Name]
  : Left[Name]
  : never;
