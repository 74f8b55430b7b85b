import { useId, type InputHTMLAttributes } from "react";

interface Props extends Omit<InputHTMLAttributes<HTMLInputElement>, "onChange"> {
  label: string;
  /** What is wrong with the value. */
  fault?: string;
  isOptional?: boolean;
  onChange: (value: string) => void;
}

export function Field({ label, fault, isOptional, onChange, className, ...input }: Props) {
  const id = useId();
  return (
    <div className={`field ${className ?? ""}`}>
      <label htmlFor={id}>
        {label}
        {isOptional && <span className="fine"> (optional)</span>}
      </label>
      <input
        id={id} {...input} required={!isOptional} aria-invalid={!!fault} aria-describedby={fault ? `${id}fault` : undefined}
        onChange={(event) => onChange(event.target.value)}
      />
      {fault && <small id={`${id}fault`} className="fault">{fault}</small>}
    </div>
  );
}
