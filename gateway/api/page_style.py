"""The one style sheet of the pages for people, and the policy that admits nothing but it."""

import base64
import hashlib
from typing import Final

STYLE: Final = """
:root{color-scheme:light dark;--line:#8884;--soft:#8881}
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:0 auto;padding:1rem}
body{overflow-wrap:anywhere}
h2{margin-top:2.5rem;border-bottom:1px solid var(--line)}
h3{margin:1.5rem 0 .25rem}
code,pre{font:.875rem/1.45 ui-monospace,monospace}
pre{background:var(--soft);padding:.75rem;overflow-x:auto;border-radius:.4rem}
table{border-collapse:collapse;width:100%}
td,th{text-align:left;vertical-align:top;padding:.25rem .75rem .25rem 0;border-bottom:1px solid var(--line)}
td,th{min-width:3.5rem}
nav ul{columns:18rem;padding-left:1.2rem}
summary{cursor:pointer}
.code{max-width:42rem}
.code h2{margin-top:1.5rem;border:0;font-size:1.1rem;margin-bottom:.25rem}
.code h2+p{margin-top:0}
.say{background:var(--soft);padding:.75rem 1rem;border-radius:.4rem;font-size:1.15rem}
@media print{nav{display:none}}
"""

_STYLE_HASH: Final = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()

PAGE_POLICY: Final = (
    f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
"""Nothing may be loaded or run; only this very style sheet counts."""
