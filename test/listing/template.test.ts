import { spawnSync } from 'node:child_process';
import { formatListing } from '../../lib/cli/listing';
import { mapOf, parseTemplate } from '../../lib/cli/template';
import { describeIf } from '../helpers/conditions';

const data = {
  Name: 'bird',
  Pid: 42,
  Share: 0.5,
  Running: true,
  Paused: false,
  Nothing: null,
  Empty: [],
  Cmd: ['sh', '-c', 'echo <hi>'],
  State: { Status: 'running', Health: null },
  Labels: mapOf({ a: '1', 'com.example': 'x' }),
  Mounts: [
    { Source: '/a', RW: true },
    { Source: '/b', RW: false },
  ],
  Label: (name: string) => `label ${name}`,
};

/** Template and what text/template makes of it. */
const rows: [template: string, text: string][] = [
  ['plain', 'plain'],
  ['{{.Name}} {{ .Pid }}', 'bird 42'],
  ['{{.State.Status}}', 'running'],
  ['{{$.Name}}', 'bird'],
  ['{{json .State}}', '{"Status":"running","Health":null}'],
  ['{{json .Cmd}}', '["sh","-c","echo <hi>"]'],
  ['{{.Cmd}}', '[sh -c echo <hi>]'],
  ['{{.Labels}}', 'map[a:1 com.example:x]'],
  ['{{.Labels.a}}{{.Labels.none}}', '1<no value>'],
  ['{{index .Labels "com.example"}}{{index .Labels "none"}}', 'x'],
  ['{{(index .Mounts 1).Source}}', '/b'],
  ['{{index .Cmd 0}}', 'sh'],
  ['{{.Nothing}}', '<nil>'],
  ['{{.Share}} {{.Running}}', '0.5 true'],
  ['{{upper .Name}} {{lower "ABC"}} {{title .Name}}', 'BIRD abc Bird'],
  ['{{join .Cmd ","}}', 'sh,-c,echo <hi>'],
  ['{{.Name | upper | printf "%-6s|%s" "x"}}', 'x     |BIRD'],
  ['{{split "a:b" ":"}}', '[a b]'],
  ['{{len .Cmd}} {{len .Name}} {{len .Empty}}', '3 4 0'],
  ['{{pad .Name 1 2}}|{{truncate .Name 2}}', ' bird  |bi'],
  ['{{println .Name .Pid}}', 'bird 42\n'],
  ['{{print 1 2 "a" "b"}}', '1 2a b'.replace('a b', 'ab')],
  [
    '{{printf "%d %05d %q %v %x %5.1f %t" .Pid .Pid .Name .Cmd .Name .Share .Running}}',
    '42 00042 "bird" [sh -c echo <hi>] 62697264   0.5 true',
  ],
  ['{{printf "%d" .Name}}', '%!d(string=bird)'],
  ['{{if .Running}}up{{else}}down{{end}}', 'up'],
  ['{{if .Paused}}a{{else if .Empty}}b{{else if eq .Pid 42}}c{{else}}d{{end}}', 'c'],
  ['{{range .Mounts}}{{.Source}}{{if .RW}} rw{{end}};{{end}}', '/a rw;/b;'],
  ['{{range $i, $m := .Mounts}}{{$i}}={{$m.Source}} {{$.Name}} {{end}}', '0=/a bird 1=/b bird '],
  ['{{range $k, $v := .Labels}}{{$k}}:{{$v}} {{end}}', 'a:1 com.example:x '],
  ['{{range .Empty}}x{{else}}none{{end}}', 'none'],
  ['{{range .Cmd}}{{if eq . "-c"}}{{continue}}{{end}}{{.}};{{end}}', 'sh;echo <hi>;'],
  ['{{range .Cmd}}{{if eq . "-c"}}{{break}}{{end}}{{.}};{{end}}', 'sh;'],
  ['{{with .State}}{{.Status}}{{end}}{{with .Nothing}}x{{else}}nil{{end}}', 'runningnil'],
  ['{{$x := .Name}}{{$x}}{{$x = "cat"}}{{$x}}', 'birdcat'],
  ['{{$x := 1}}{{if true}}{{$x := 2}}{{$x}}{{end}}{{$x}}', '21'],
  ['a  {{- .Name -}}  b', 'abirdb'],
  ['a {{/* nothing */}} b{{- /* nor here */ -}} c', 'a  bc'],
  ['{{and .Running .Name}} {{or .Paused .Name}} {{not .Running}}', 'bird bird false'],
  ['{{and .Paused .Missing}}', 'false'],
  ['{{eq .Name "cat" "bird"}} {{ne 1 2}} {{lt 1 2}} {{ge "b" "a"}}', 'true true true true'],
  ['{{"a\\tb"}}{{`c\\t`}}{{"\\x41\\u00e9"}}', 'a\tbc\\tAé'],
  ['{{html "<a>"}} {{urlquery "a b"}} {{slice .Name 1 3}}', '&lt;a&gt; a+b ir'],
  ['{{.Label "com.example"}}', 'label com.example'],
  ['{{.Label (index .Cmd 0)}}', 'label sh'],
];

/** Template and what is said of it. */
const faults: [template: string, message: string][] = [
  ['{{.Nome}}', `:1:2: executing "" at <.Nome>: can't evaluate field Nome in type struct`],
  [
    '{{.Name}}\n {{.State.Stat}}',
    `:2:3: executing "" at <.State.Stat>: can't evaluate field Stat in type struct`,
  ],
  [
    '{{.State.Health.Status}}',
    ':1:2: executing "" at <.State.Health.Status>: nil pointer evaluating <nil>.Status',
  ],
  ['{{.Name.x}}', `can't evaluate field x in type string`],
  ['{{.constructor}}', `can't evaluate field constructor in type struct`],
  ['{{', ':1:2: unclosed action'],
  ['{{.Name', 'unclosed action'],
  ['{{}}', 'missing value for command'],
  ['{{if}}x{{end}}', 'missing value for if'],
  ['{{if .Name}}x', 'unexpected EOF'],
  ['x{{end}}', 'unexpected {{end}}'],
  ['{{else}}', 'unexpected {{else}}'],
  ['{{if .Name}}a{{else}}b{{else}}c{{end}}', 'expected end; found {{else}}'],
  ['{{shout .Name}}', 'function "shout" not defined'],
  ['{{toString}}', 'function "toString" not defined'],
  ['{{$x}}', 'undefined variable "$x"'],
  ['{{break}}', '{{break}} outside {{range}}'],
  ['{{template "x"}}', '{{template}} is not supported'],
  ['{{"abc}}', 'unterminated quoted string'],
  ['{{(.Name}}', 'unclosed left paren'],
  ['{{.Name)}}', 'unexpected ")" in operand'],
  ['{{.Name | "x"}}', 'non executable command in pipeline stage 2'],
  ['{{.Name "x"}}', 'Name has arguments but cannot be invoked as function'],
  ['{{"x" "y"}}', `can't give argument to non-function "x"`],
  ['{{join .Cmd}}', 'wrong number of args for join: want 2 got 1'],
  ['{{upper .Pid}}', 'error calling upper: wrong type for value; expected string; got int'],
  ['{{index .Cmd 7}}', 'error calling index: index out of range: 7'],
  ['{{lt 1 "a"}}', 'error calling lt: incompatible types for comparison'],
  ['{{range .Pid}}x{{end}}', `range can't iterate over 42`],
  ['{{.Name !}}', 'unexpected "!" in command'],
  ['{{/* x', 'unclosed comment'],
];

function refusal(template: string): string {
  try {
    return `accepted: ${parseTemplate(template).render(data)}`;
  } catch (error) {
    return (error as Error).message;
  }
}

it.each(rows)('%s', (template, text) => {
  expect(parseTemplate(template).render(data)).toBe(text);
});

it.each(faults)('refuses %s', (template, message) => {
  expect(refusal(template)).toMatch(/^template parsing error: template: :/);
  expect(refusal(template)).toContain(message);
});

it('an unknown field is told with those that there are, and code 1', () => {
  expect(() => parseTemplate('{{.Nome}}').render({ Name: 'x', Pid: 1 })).toThrow(
    expect.objectContaining({
      code: 'INVALID_TEMPLATE',
      exitCode: 1,
      remedy: 'There is .Name, .Pid.',
    }) as Error,
  );
});

const listing = {
  heads: { ID: 'THING ID', Name: 'NAME', Label: (name: string) => name },
  columns: ['ID', 'Name'],
};
const things = [
  { ID: '1', Name: 'short', Label: (name: string) => `<${name}>` },
  { ID: '2', Name: 'a much longer name', Label: (name: string) => `<${name}>` },
];

describe('listing', () => {
  it.each([
    [undefined, 'THING ID   NAME\n1          short\n2          a much longer name\n'],
    ['table', 'THING ID   NAME\n1          short\n2          a much longer name\n'],
    [
      'table {{.Name}}\\t{{upper .ID}}',
      'NAME                 THING ID\nshort                1\na much longer name   2\n',
    ],
    ['{{.ID}}:{{.Name}}', '1:short\n2:a much longer name\n'],
    ['{{.ID}}\\n', '1\n\n2\n\n'],
    ['json', '{"ID":"1","Name":"short"}\n{"ID":"2","Name":"a much longer name"}\n'],
    ['table {{.Label "x"}}', 'x\n<x>\n<x>\n'],
  ])('%s', (format, text) => {
    expect(formatListing(things, listing, format)).toBe(text);
  });

  it('without rows: the heads of a table, nothing else, and errors all the same', () => {
    expect(formatListing([], listing)).toBe('THING ID   NAME\n');
    expect(formatListing([], listing, '{{.ID}}')).toBe('');
    expect(() => formatListing([], listing, '{{.Id}}')).toThrow("can't evaluate field Id");
  });
});

/** Templates that need nothing of what they are filled with, for a look at what Go makes of them. */
const constants = [
  '{{print 1 2 "a" "b" 3 4}}|',
  '{{printf "%5d|%-5d|%05d|%x|%X|%o|%b|%c" 42 42 -42 255 255 8 5 65}}',
  '{{printf "%8.3f|%e|%g|%+d" 2.5 1234.5 0.25 7}}',
  '{{printf "%s %v %q %6s|%-6s|%.2s" "a" "b" "c" "d" "e" "fgh"}}',
  '{{printf "%d" "x"}} {{printf "%s"}} {{printf "%s" "a" 2}} {{printf "%t %T" true 1.5}} {{printf "100%%"}}',
  '{{$x := 1}}{{if true}}{{$x := 2}}{{$x}}{{end}}{{$x}}',
  '{{$x := 1}}{{if true}}{{$x = 2}}{{$x}}{{end}}{{$x}}',
  'a  {{- "b" -}}  c {{/* x */ -}} d',
  '{{"a b" | printf "%s-%s" "x" | len}}',
  '{{eq 1 2 1}} {{ne "a" "b"}} {{lt 1 2}} {{le "b" "a"}} {{gt 2.5 1.5}} {{and 1 0}} {{or "" "x"}} {{not ""}}',
  '{{html "<a href=\'x\'>&"}} {{urlquery "a b&c"}} {{slice "bird" 1 3}} {{index "bird" 1}}',
  '{{with "x"}}{{.}}{{end}}{{with ""}}y{{else}}z{{end}}{{if 0}}a{{else if 1}}b{{end}}',
  '{{upper "aBc"}} {{lower "ABC"}} {{split "a:b:c" ":"}} {{join (split "a:b" ":") "-"}} {{truncate "birds" 2}}|',
  '{{range $i, $e := split "a:b:c" ":"}}{{$i}}{{$e}} {{else}}none{{end}}|',
  '{{range split "a:b:c" ":"}}{{if eq . "b"}}{{continue}}{{end}}{{.}}{{end}}',
  '{{"\\x41\\u00e9\\101"}} {{`raw\\x`}} {{\'a\'}} {{0x1F}} {{1.50}} {{true}}',
];
// As root of a user's namespaces it wants to write where only the host's root may.
const podman = spawnSync('podman', ['version', '--format', 'x'], { encoding: 'utf8' });

describeIf(podman.status === 0, 'podman, for its text/template, is missing or cannot run')(
  'as Go has it',
  () => {
    it.each(constants)('%s', template => {
      const { stdout, stderr } = spawnSync('podman', ['version', '--format', template], { encoding: 'utf8' });
      // podman ends the output with a line feed of its own.
      expect({ out: parseTemplate(template).render({}), stderr }).toEqual({
        out: stdout.replace(/\n$/, ''),
        stderr: '',
      });
    });
  },
);
