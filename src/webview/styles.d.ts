/** esbuild writes imported styles beside the page's script. */
declare module "*.css";
