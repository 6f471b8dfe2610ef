//! Programs that try to take the process down, or to never end: each ends as an error, in a short time.

#![allow(clippy::unwrap_used, clippy::panic)]

mod story;

use std::time::{Duration, Instant};

use cowork_core::{Finish, Kind, PlanContext, Planner};
use cowork_playbooks::{Limits, PlaybookPlanner};
use story::{Story, program};

const TRIES: &[&str] = &[
    "x = []\nfor i in range(200000):\n    x = [x]\ny = repr(x)\nfinish(str(len(y)))",
    "x = []\ny = []\nfor i in range(200000):\n    x = [x]\n    y = [y]\nfinish(str(x == y))",
    "x = ()\nfor i in range(200000):\n    x = (x,)\nfinish(str(hash(x)))",
    "import json\nx = []\nfor i in range(200000):\n    x = [x]\nfinish(json.dumps(x)[:9])",
    "import json\nfinish(str(json.loads('[' * 200000 + ']' * 200000))[:9])",
    "x = {}\nfor i in range(200000):\n    x = {'a': x}\nx = None\nfinish('dropped')",
    "x = []\nx.append(x)\nfinish('cycle', x)",
    "x = []\nx.append(x)\nlist_folder(x)",
    "import re\nre.match('(a+)+$', 'a' * 60 + 'b')",
    "import re\nre.match('(' * 5000 + ')' * 5000, 'a')",
    "sum(range(10 ** 12))",
    "max(range(10 ** 12))",
    "x = list(range(10 ** 10))",
    "x = 'a'.ljust(10 ** 11)",
    "x = 1 << (10 ** 11)",
    "x = int('9' * 100000000)",
    "x = str(10 ** 1000000)",
    "x = sorted(range(3000000), key=lambda n: -n)",
    "x = f'{1:>99999999999}'",
    "def f():\n    return f()\nf()",
    "f = lambda n: sorted([n], key=lambda m: f(n))\nf(1)",
    "class A:\n    def __eq__(self, o):\n        return self == o\nA() == A()",
    "class A:\n    def __repr__(self):\n        return repr(self)\nrepr(A())",
    "async def f():\n    return await f()\nimport asyncio\nasyncio.run(f())",
    "while True:\n    print('x' * 1000)",
    "for i in range(10 ** 9):\n    say('x')",
    "x = [0] * 1000000\nwhile True:\n    x = x[:]",
    "while True:\n    finish",
    "x = ''.join(['a' * 1000000] * 1000000)",
    "x = 'a' * 1000000\nx = x.replace('a', x)",
    "import itertools\nfor x in itertools.count():\n    pass",
    "list_folder(**{'path': 'D', 'x' * 1000000: 1})",
    "raise ValueError('x' * 10000000)",
    "raise SystemExit",
    "raise KeyboardInterrupt",
    "assert False",
    "finish('\\ud800')",
];

async fn ends(body: &str) -> (Finish, Duration) {
    let limits = Limits { time: Duration::from_millis(200), ..Limits::default() };
    let story = Story::within(program(body), limits);
    let planner = PlaybookPlanner::new().unwrap().with_limits(limits);
    let began = Instant::now();
    let finish = match planner.plan(story.view(), PlanContext::default()).await {
        Ok(proposal) => {
            proposal.finish.unwrap_or_else(|| panic!("{body} should not call anything: {:?}", proposal.calls))
        }
        Err(error) => Finish::Failed { error },
    };
    (finish, began.elapsed())
}

#[tokio::test]
async fn nothing_takes_the_process_down() {
    for body in TRIES {
        eprint!("{:60} ", body.replace('\n', "; ").chars().take(60).collect::<String>());
        let (finish, took) = ends(body).await;
        let shown = match &finish {
            Finish::Failed { error } => {
                let why: String = error.message.chars().take(110).collect();
                assert_ne!(error.kind, Kind::Internal, "{body}: {error:?}");
                format!("{:?} {why}", error.kind)
            }
            other => format!("{other:?}"),
        };
        eprintln!("{took:9.1?} {shown}");
    }
    for (open, close) in [("(", ")"), ("[", "]"), ("-", ""), ("not ", ""), ("lambda: ", ""), ("{0:", "}")] {
        let nested = format!("x = {}1{}", open.repeat(100_000), close.repeat(100_000));
        let (finish, took) = ends(&nested).await;
        let Finish::Failed { error } = finish else { panic!("{open} {finish:?}") };
        eprintln!("{open:60} {took:9.1?} {:?} {}", error.kind, error.message.chars().take(110).collect::<String>());
    }
}
