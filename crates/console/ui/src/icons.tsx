// Icons: drawn inline, decorative, coloured by the text around them.

import type { ReactNode } from "react";

function Icon({ children }: { children: ReactNode }) {
  return (
    <svg className="icon" viewBox="0 0 24 24" width="20" height="20" fill="none" stroke="currentColor" strokeWidth="1.8" strokeLinecap="round" strokeLinejoin="round" aria-hidden="true" focusable="false">
      {children}
    </svg>
  );
}

export const Logo = () => (
  <svg className="logo" viewBox="0 0 32 32" width="32" height="32" aria-hidden="true" focusable="false">
    <rect width="32" height="32" rx="9" fill="#3b5bdb" />
    <path d="M9 11.5h9.5a3.5 3.5 0 0 1 0 7H13a3 3 0 0 0-3 3" fill="none" stroke="#fff" strokeWidth="2.6" strokeLinecap="round" />
    <circle cx="9" cy="11.5" r="2.6" fill="#fff" />
    <circle cx="23" cy="21.5" r="2.6" fill="#fff" />
    <path d="M10 21.5h12" stroke="#fff" strokeWidth="2.6" strokeLinecap="round" opacity=".45" />
  </svg>
);
export const Back = () => <Icon><path d="M15 5l-7 7 7 7" /></Icon>;
export const Person = () => <Icon><circle cx="12" cy="8" r="3.6" /><path d="M5 20c.7-3.8 3.500-5.600 7-5.600s6.300 1.800 7 5.600" /></Icon>;
export const Close = () => <Icon><path d="M6 6l12 12M18 6L6 18" /></Icon>;
export const Clip = () => <Icon><path d="M19.500 11.500l-7.600 7.600a4.600 4.600 0 0 1-6.500-6.500l8-8a3.100 3.100 0 0 1 4.400 4.400l-7.900 7.900a1.500 1.500 0 0 1-2.200-2.200l7.200-7.200" /></Icon>;
export const Send = () => <Icon><path d="M4.500 12L20 4.500l-4.500 15.500-3.800-6.400z" /><path d="M11.700 13.600L20 4.500" /></Icon>;
export const Doc = () => <Icon><path d="M7 3.500h7l4.500 4.500v12a.8.8 0 0 1-.8.800H7a.8.8 0 0 1-.8-.8V4.300A.8.8 0 0 1 7 3.500z" /><path d="M13.500 3.800V8.500h4.700" /></Icon>;
export const Pin = () => <Icon><path d="M12 21s-6.500-6-6.500-11a6.500 6.500 0 0 1 13 0c0 5-6.500 11-6.500 11z" /><circle cx="12" cy="10" r="2.300" /></Icon>;
export const Tap = () => <Icon><path d="M9 11V5.600a1.600 1.600 0 0 1 3.200 0V11" /><path d="M12.200 10.600a1.500 1.500 0 0 1 3 0v1a1.500 1.500 0 0 1 3 0V15c0 3.300-2.200 5.500-5.400 5.500-2.600 0-3.900-1.100-5-3L5.600 14a1.500 1.500 0 0 1 2.500-1.600L9 13.500" /></Icon>;
export const Check = () => <Icon><path d="M5 12.500l4.500 4.500L19 7.500" /></Icon>;
export const Checks = () => <Icon><path d="M2.500 12.500L7 17l9.500-9.500M11.500 16.500l.5.5L21.500 7.500" /></Icon>;
export const Warn = () => <Icon><path d="M12 4l9 16H3z" /><path d="M12 10v4.500M12 17.300v.2" /></Icon>;
export const Inbox = () => <Icon><path d="M4 13l2.500-8h11L20 13v6H4z" /><path d="M4 13h4.500l1.200 2.500h4.600l1.200-2.500H20" /></Icon>;
export const Down = () => <Icon><path d="M6 9.500l6 6 6-6" /></Icon>;
export const Door = () => <Icon><path d="M10 4H5.500v16H10" /><path d="M14 8l4.500 4L14 16M18 12H9" /></Icon>;
export const Pencil = () => <Icon><path d="M4.500 19.500l1-4.200L16 4.800a1.700 1.700 0 0 1 2.400 0l.8.8a1.700 1.700 0 0 1 0 2.400L8.700 18.500z" /><path d="M14 6.800l3.200 3.200" /></Icon>;
