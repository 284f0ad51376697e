/**
 * What the rules of the NYSE calendar do not give, 1970 to today: days shut for mourning, storms and attacks, and sessions
 * cut short. Source: the exchange's own list of special closings. Late openings are not kept: every session begins at 09:30.
 */

/** New York dates on which there was no session. */
export const SPECIAL_CLOSURES: readonly string[] = [
  "1972-11-07", // Election Day; again in 1976 and 1980
  "1972-12-28", // Truman
  "1973-01-25", // Johnson
  "1976-11-02",
  "1977-07-14", // blackout
  "1980-11-04",
  "1985-09-27", // hurricane Gloria
  "1994-04-27", // Nixon
  "2001-09-11",
  "2001-09-12",
  "2001-09-13",
  "2001-09-14",
  "2004-06-11", // Reagan
  "2007-01-02", // Ford
  "2012-10-29", // hurricane Sandy
  "2012-10-30",
  "2018-12-05", // Bush
  "2025-01-09", // Carter
];

/** New York dates whose session ended early, and when, in hours after midnight. */
export const SPECIAL_CLOSES: Readonly<Record<string, number>> = {
  "1974-12-24": 14,
  "1975-02-12": 14.5, // snow
  "1975-12-24": 14,
  "1976-08-09": 15, // hurricane Belle
  "1978-02-06": 14, // snow
  "1981-03-30": 15 + 17 / 60, // Reagan shot
  "1981-09-09": 15 + 28 / 60, // power failure
  "1987-10-23": 14, // backlog after the crash, until 11 November
  "1987-10-26": 14,
  "1987-10-27": 14,
  "1987-10-28": 14,
  "1987-10-29": 14,
  "1987-10-30": 14,
  "1987-11-02": 14.5,
  "1987-11-03": 14.5,
  "1987-11-04": 14.5,
  "1987-11-05": 15,
  "1987-11-06": 15,
  "1987-11-09": 15.5,
  "1987-11-10": 15.5,
  "1987-11-11": 15.5,
  "1990-12-24": 14,
  "1991-12-24": 14,
  "1992-11-27": 14,
  "1992-12-24": 14,
  "1994-02-11": 14.5, // snow
  "1996-01-08": 14, // snow
  "1997-10-27": 15.5, // circuit breaker
  "1997-12-26": 13,
  "2003-12-26": 13,
  "2005-06-01": 15 + 56 / 60, // systems failure
};
