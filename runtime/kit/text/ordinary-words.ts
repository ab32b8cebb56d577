/**
 * Words that texts of a business begin a sentence or a heading with, or write in capitals, without naming anybody. First
 * names that are words as well (Will, Mark, Grace, Rose) are left out on purpose. Words of a trade are its pack's to add.
 */
const WORDS = new Set(
  `
  a about above access achieve acknowledge across act action activate active activity add additional address adjust
  admin administrator adopt adoption advance advise after again agenda agent aggregate agree ahead aim air align all
  allow already also although american among an analysis analyst analytics and annual another answer any anyone
  apart api app apply appointment appreciate approach approve area around arrange as asana asia ask aspect assess
  assessment assign assist assume assure at attend attention audit august automate automation available average
  avoid aware away back background balance base baseline basic be because become before begin behind being below
  benchmark benefit best between beyond billing board both brief briefing bring british broad browse bug build
  business but buy by calendar calendly call can candid capture care carry case catch cause celebrate center change
  channel chart chat check chief choose circle cite clarify clear client close closing coach collect come comment
  commit committee common communicate community company compare compile complete concern concise conclude conduct
  confirm connect consider consult contact content context continue contract contribute control conversation
  coordinate core could count cover create critical cross curious current cut daily dashboard data date day deal
  december decide decision decline deep deeper define deliver delivery demo demonstrate department depend deploy
  describe design desk despite detail determine develop diagnose did differ dig digital dip direct director discover
  discuss discussion do document does door doubt down draft drive drop due during each earlier early ease echo edge
  edit education effect effort either else email emea emphasis emphasize empower enable encourage end engage
  engagement engineer english enough ensure enter enterprise escalate escalation especially establish eu europe
  european evaluate even event every everyone evidence examine example excel except exchange execute executive
  expect experience explain explore export extend external eye face fact fall far feature february feedback feel few
  field figure file final finance find finding finish first fit five fix flag flat focus follow for forecast form
  format former forward found four fourth frame free french friction friday friendly from front full function
  further future gantt gather gauge general gentle german get github gitlab give given global go goal good google
  great group grow growth guide had half hand handle hard has have head health healthy hear heard help here high
  highlight his history hold holiday honest hour how however hubspot idea identify if impact implement important
  improve in include increase independent individual industry inform information initial initiate input inquire
  insight inspect instead integrate integration intend intercom interest internal intervention into introduce
  investigate invite involve is issue it item its january jira join joint july just keep key kick kickoff know
  knowledge kpi label lack last late later launch lead leader leadership learn least leave let level leverage
  library license lift light like limit line linear link list listen live local log login long look loop lose loss
  low made main maintain major make manage management manager managing many map march market marketing material
  matter measure meet meeting member mention message metric microsoft mid might milestone mind minute miss mitigate
  model moderate module moment momentum monday monitor month monthly more morning most move much must mutual my name
  near need negative negotiate net new next no none nor normal not note nothing notice notify notion november now
  number objective observe obstacle occur october of off offer office officer often okta old on onboard onboarding
  once one ongoing only open opening operate operating operation option or order organization organize other our out
  outcome outline outlook outreach over overall overdue overview own owner ownership pace page pain panel part
  participate partner past path pattern pause pay peak pending people per perform performance period person personal
  perspective phase phone pick pilot pinpoint place plan plant platform play playbook please point portfolio
  position positive possible post potential power powerpoint practice premium prepare present preserve prevent
  previous pricing primary prior prioritize priority probe problem process produce product production professional
  profile program programme progress project promote prompt propose protect prove provide public pull purpose push
  put quality quantify quarter quarterly query question quick quiet quote raise range rate rather reach react read
  ready real reason reassure rebuild recall recap receive recent recognize recommend recommendation reconnect record
  recover recovery reduce refer reference reflect refresh regard regular reinforce relate relationship release
  relevant reliable remain remember remind remove reopen repeat reply report request require research reset
  resolution resolve resource respond response responsible rest restore result resume retain return revenue review
  revisit right rise risk roadmap role roll root routine run safe sale salesforce same sample satisfaction saturday
  save say schedule scope score second section secure security see seek seem segment select send senior sense
  sentiment separate september series service session set setup several severity share she shift short should show
  side sign signal significant similar simple since single situation six size skip slack slow small so software
  solution solve some someone soon source speak specialist specific specify sponsor spot stable staff stage
  stakeholder stand standard start starter state status stay steady step still stop store story strategic strategy
  strength stress stripe strong structure study subject submit success successful such suggest summarize summary
  sunday supply support sure surface survey sustain switch sync system table tableau tackle tag tailor take talk
  talking target task team teams technical tell ten term test than thank that the their them then there these they
  thing think third this those though thread three threshold through thursday ticket tie tier time timeline timing
  tip to today together tone too tool top topic total touch toward trace track tracking train training transfer
  treat trello trend triage trial trigger true try tuesday turn two type uk uncover under understand unit unless
  unlock unresolved until up upcoming update upon upper urgent us usage use user usual valid validate value verify
  version very via view visibility visible visit voice wait walk want warm was watch way we web wednesday week
  weekly weight welcome well went were what when where whether which while who whole whom whose why wide win with
  within without word work workflow workload workshop worth would write year yes yet you your zendesk zero zoom
  `
    .split(/\s+/)
    .filter((word) => word !== ''),
);
const ENDINGS = [
  "'s",
  's',
  'es',
  'ed',
  'd',
  'ing',
  'ly',
  'er',
  'ers',
  'al',
  'ment',
  'ments',
  'ation',
  'ations',
  'ability',
];
const BEGINNINGS = ['re', 'un', 'pre', 'non', 'co'];

/** Whether a word, in any case and in its usual forms, is one of ordinary business English, or one of these. */
export function isOrdinary(word: string, others: ReadonlySet<string>): boolean {
  const plain = word.toLowerCase().replaceAll('’', "'");
  const shorter = BEGINNINGS.flatMap((begin) => (plain.startsWith(begin) ? [plain.slice(begin.length)] : []));
  return [plain, ...shorter].some((one) => isForm(one, others));
}

function isForm(word: string, others: ReadonlySet<string>): boolean {
  const isKnown = (one: string) => WORDS.has(one) || others.has(one);
  if (isKnown(word)) return true;
  return ENDINGS.some((ending) => {
    if (!word.endsWith(ending) || word.length - ending.length < 2) return false;
    const base = word.slice(0, -ending.length);
    const doubled = /([b-df-hj-np-tv-z])\1$/.test(base) ? base.slice(0, -1) : base;
    return [base, `${base}e`, doubled, base.replace(/i$/, 'y')].some(isKnown);
  });
}
