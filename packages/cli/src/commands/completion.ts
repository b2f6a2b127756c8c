import type { Context } from '../context.ts'
import { suggest, usageError } from '../usage-error.ts'

/**
 * What a shell sources. It asks `sluice complete` at each tab, so that new commands and new flags are
 * offered without doing this again.
 */
const scripts: { readonly [shell: string]: string } = {
  // Words are compared and never expanded: a flag may be called $(reboot). The line is split at spaces, since bash
  // would also split it at colons, and puts only what stands behind the last one in its place.
  bash: `_sluice() {
  local word line before="\${COMP_LINE:0:COMP_POINT}"
  local -a words
  read -ra words <<< "$before"
  [[ "$before" == *[[:space:]] ]] && words+=("")
  local last="\${words[\${#words[@]}-1]}"
  local cut="\${last%"\${last##*[:=]}"}"
  COMPREPLY=()
  while IFS=$'\\t' read -r word line; do
    COMPREPLY+=("$(printf '%q' "\${word#"$cut"}")")
  done < <(sluice complete -- "\${words[@]:1}" 2>/dev/null)
}
complete -o default -F _sluice sluice
`,
  zsh: `#compdef sluice
_sluice() {
  local -a offers
  local word about
  while IFS=$'\\t' read -r word about; do
    offers+=("\${word//:/\\\\:}:\${about}")
  done < <(sluice complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)
  _describe sluice offers || _files
}
compdef _sluice sluice
`,
  fish: `function __sluice_complete
  set -l words (commandline -opc) (commandline -ct)
  sluice complete -- $words[2..-1] 2>/dev/null
end
complete -c sluice -f -a '(__sluice_complete)'
`,
}

/** `sluice completion SHELL`: prints what a shell sources. */
export async function printCompletion(
  { world, terminal }: Context,
  [shell]: readonly [string],
): Promise<void> {
  const script = Object.hasOwn(scripts, shell) ? scripts[shell] : undefined
  if (script === undefined) {
    const shells = Object.keys(scripts)
    throw usageError(
      `There is no completion for ${shell}.`,
      suggest(shell, shells) ?? `Type one of ${shells.join(', ')}.`,
    )
  }
  terminal.document({ shell, script })
  if (!terminal.isJson) world.stdout.write(script)
}
