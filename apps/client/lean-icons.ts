import type { Plugin } from 'vite';

/** What the package draws with its own defaults, of what is asked of it here: size, width of lines, classes, a name. */
const ICON = `<script>
  let { icon, size = 24, strokeWidth = 2, class: given, ...rest } = $props();
  const isNamed = $derived('role' in rest || 'title' in rest || 'aria-label' in rest || 'aria-labelledby' in rest);
</script>
<svg
  xmlns="http://www.w3.org/2000/svg"
  width={size}
  height={size}
  viewBox="0 0 24 24"
  fill="none"
  stroke="currentColor"
  stroke-width={strokeWidth}
  stroke-linecap="round"
  stroke-linejoin="round"
  aria-hidden={isNamed ? undefined : 'true'}
  {...rest}
  class={['lucide', 'lucide-' + icon.name, 'lucide-icon', given]}
>
  {#each icon.node as [tag, attributes]}<svelte:element this={tag} {...attributes} />{/each}
</svg>
`;

/**
 * Draws every icon by this one component. The package's own also takes icons of other sizes, a context and names for
 * attributes, which nothing here uses, and all of it would be loaded before the first page. Tests run on the same.
 */
export function leanIcons(): Plugin {
  return {
    name: 'lean-icons',
    enforce: 'pre',
    load: (id) => (/\/@lucide\/svelte\/dist\/Icon\.svelte$/.test(id) ? ICON : undefined),
  };
}
