import type { Context } from '../context.ts'
import { suggest, usageError } from '../usage-error.ts'

/**
 * What a shell sources. It asks `sluice complete` at each tab, so that new commands and new flags are
 * offered without doing this again.
 */
const scripts: { readonly [shell: string]: string } = {
  bash: `_sluice() {
  local IFS=$'\\n'
  COMPREPLY=($(compgen -W "$(sluice complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null | cut -f1)" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _sluice sluice
`,
  zsh: `#compdef sluice
_sluice() {
  local -a offers
  local line
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
