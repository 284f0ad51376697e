/** esbuild writes the styles of a page beside its script; those of a notebook renderer it gives as text. */
declare module "*.css" {
  const text: string;
  export default text;
}
