/** Epoch seconds as `YYYY-MM-DD`, UTC; civil-from-days, for the domain knows no clock and no Date. */
export const isoDay = (seconds: number): string => {
  const z = Math.floor(seconds / 86_400) + 719_468;
  const era = Math.floor(z / 146_097);
  const dayOfEra = z - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const monthFromMarch = Math.floor((5 * dayOfYear + 2) / 153);
  const day = dayOfYear - Math.floor((153 * monthFromMarch + 2) / 5) + 1;
  const month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9;
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0);
  return `${year}-${String(month).padStart(2, "0")}-${String(day).padStart(2, "0")}`;
};

/** Epoch seconds as `YYYY-MM-DD hh:mm:ss UTC`, whole seconds. */
export const isoTime = (seconds: number): string => {
  const ofDay = Math.floor(seconds) % 86_400;
  const two = (value: number): string => String(Math.floor(value)).padStart(2, "0");
  return `${isoDay(seconds)} ${two(ofDay / 3600)}:${two((ofDay % 3600) / 60)}:${two(ofDay % 60)} UTC`;
};
