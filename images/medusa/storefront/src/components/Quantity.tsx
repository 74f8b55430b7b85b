interface Props {
  label: string;
  value: number;
  most: number;
  isBusy?: boolean;
  onChange: (value: number) => void;
}

export function Quantity({ label, value, most, isBusy, onChange }: Props) {
  const set = (value: number) => onChange(Math.max(1, Math.min(Math.floor(value) || 1, most)));
  return (
    <div className="quantity" role="group" aria-label={label}>
      <button type="button" aria-label="One less" disabled={isBusy || value <= 1} onClick={() => set(value - 1)}>−</button>
      <input type="number" inputMode="numeric" aria-label={label} min={1} max={most} value={value} disabled={isBusy} onChange={(event) => set(event.target.valueAsNumber)} />
      <button type="button" aria-label="One more" disabled={isBusy || value >= most} onClick={() => set(value + 1)}>+</button>
    </div>
  );
}
