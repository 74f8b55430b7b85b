import { useId, type InputHTMLAttributes, type ReactNode } from "react";

interface Props extends Omit<InputHTMLAttributes<HTMLInputElement>, "onChange"> {
  label: string;
  help?: ReactNode;
  /** What is wrong with the value; stands in place of the help. */
  fault?: string;
  onChange: (value: string) => void;
}

/** An input with its name, and what helps to fill it in. */
export function Field({ label, help, fault, onChange, ...input }: Props) {
  const id = useId();
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <input id={id} {...input} aria-invalid={!!fault} aria-describedby={`${id}help`} onChange={(event) => onChange(event.target.value)} />
      <small id={`${id}help`} className={fault ? "fault" : ""}>{fault ?? help}</small>
    </div>
  );
}
