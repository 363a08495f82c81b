/** How output should look where it goes. */
export interface Look {
  /** Columns of the terminal, or what to fold to when there is none. */
  readonly width: number;
  readonly color: boolean;
  /** IANA name of the zone that times are shown in. */
  readonly timeZone: string;
}
