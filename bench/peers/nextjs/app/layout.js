// The App Router asks for one, though there is no page.
export default function Layout({ children }) {
  return <html lang="en"><body>{children}</body></html>;
}
