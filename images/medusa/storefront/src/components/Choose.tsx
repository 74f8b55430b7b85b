import { useId } from "react";

interface Props {
  label: string;
  value: string;
  choices: [value: string, text: string][];
  /** Shown while nothing is chosen. */
  nothing?: string;
  fault?: string;
  autoComplete?: string;
  onChange: (value: string) => void;
}

/** A select with its name. */
export function Choose({ label, value, choices, nothing, fault, autoComplete, onChange }: Props) {
  const id = useId();
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <select
        id={id} value={value} autoComplete={autoComplete} aria-invalid={!!fault} aria-describedby={fault ? `${id}fault` : undefined}
        onChange={(event) => onChange(event.target.value)}
      >
        {nothing !== undefined && value === "" && <option value="">{nothing}</option>}
        {choices.map(([value, text]) => <option key={value} value={value}>{text}</option>)}
      </select>
      {fault && <small id={`${id}fault`} className="fault">{fault}</small>}
    </div>
  );
}
