/** What could not be understood, and where. Counted and shown, never passed over in silence. */
export interface Gap {
  /** A full sentence. */
  readonly reason: string;
  readonly file: string;
  readonly line: number;
  /** How many paths or cells one declaration about this place would settle. */
  readonly settles: number;
}
