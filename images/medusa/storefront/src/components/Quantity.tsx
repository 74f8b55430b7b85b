import { useState } from "react";

interface Props {
  label: string;
  value: number;
  most: number;
  isBusy?: boolean;
  onChange: (value: number) => void;
}

/** How many. What is typed counts once the field is left or Enter is pressed, not at each digit. */
export function Quantity({ label, value, most, isBusy = false, onChange }: Props) {
  const [typed, setTyped] = useState<string | null>(null);
  function set(wanted: number) {
    setTyped(null);
    const next = Math.max(1, Math.min(Math.floor(wanted) || 1, most));
    if (next !== value && !isBusy) onChange(next);
  }
  return (
    <div className="quantity" role="group" aria-label={label}>
      <button type="button" aria-label="One less" aria-disabled={isBusy || value <= 1} onClick={() => set(value - 1)}>−</button>
      <input
        type="number" inputMode="numeric" aria-label={label} min={1} max={most} value={typed ?? value} readOnly={isBusy}
        onChange={(event) => setTyped(event.target.value)}
        onBlur={() => typed !== null && set(Number(typed))}
        onKeyDown={(event) => event.key === "Enter" && typed !== null && set(Number(typed))}
      />
      <button type="button" aria-label="One more" aria-disabled={isBusy || value >= most} onClick={() => set(value + 1)}>+</button>
    </div>
  );
}
