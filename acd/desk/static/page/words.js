/**
 * Words that more than one page shows: sign-in, connection, presence, channels, refusals. A page's own table
 * is spread over this one: `{...WORDS, ...own}`.
 */

/** @type {import("./i18n.js").Texts} */
export const WORDS = {
  language: ["Language", "语言"],
  close: ["Close", "关闭"],
  cancel: ["Cancel", "取消"],
  confirm: ["Confirm", "确认"],
  unknown: ["unknown", "未知"],
  none: ["none", "无"],

  sign_in: ["Sign in", "登录"],
  sign_out: ["Sign out", "退出登录"],
  signing_in: ["Signing in…", "正在登录…"],
  name: ["Name", "用户名"],
  password: ["Password", "密码"],
  sign_in_failed: ["Name and password do not match.", "用户名或密码不正确。"],
  too_many_tries: ["Too many tries. Wait {seconds} seconds and try again.", "尝试次数过多，请等待 {seconds} 秒后再试。"],
  unreachable_server: [
    "The server cannot be reached. Check the network and try again.",
    "无法连接服务器，请检查网络后重试。",
  ],
  session_over: ["Your sign-in is over. Please sign in again.", "登录已失效，请重新登录。"],
  start_page: ["Start page", "首页"],

  connection_connecting: ["Connecting…", "正在连接…"],
  connection_live: ["Connected", "已连接"],
  connection_lost: ["Connection lost", "连接已断开"],
  connection_replaced: ["Open elsewhere", "已在别处打开"],
  connection_forbidden: ["Not allowed", "无权限"],
  connection_closed: ["Signed out", "已退出"],
  lost_text: [
    "The connection to the server is lost. Trying again in {seconds} s. What you see is {age} old.",
    "与服务器的连接已断开，{seconds} 秒后重试。当前显示的是 {age}前的数据。",
  ],
  connecting_text: ["Connecting to the server…", "正在连接服务器…"],
  replaced_text: [
    "This desk was opened in another window or on another machine; that one is in charge now.",
    "此工作台已在其他窗口或设备上打开，当前由对方接管。",
  ],
  forbidden_text: ["Your role may not open this page.", "您的角色无权打开此页面。"],
  try_now: ["Try now", "立即重试"],
  take_over_here: ["Take over here", "在此处接管"],
  state_live: ["live", "实时"],
  state_old: ["state is {age} old", "数据为 {age}前"],

  ready: ["Ready", "就绪"],
  not_ready: ["Not ready", "未就绪"],
  signed_out: ["Signed out", "已退出"],
  offered: ["Ringing", "振铃中"],
  connecting: ["Connecting", "接通中"],
  talking: ["Talking", "服务中"],
  held: ["On hold", "保持中"],
  wrap_up: ["Wrap-up", "话后处理"],
  reason_break: ["Break", "休息"],
  reason_lunch: ["Lunch", "午餐"],
  reason_training: ["Training", "培训"],
  reason_meeting: ["Meeting", "会议"],
  reason_paperwork: ["Paperwork", "文书处理"],
  reason_coaching: ["Coaching", "辅导"],
  reason_signed_in: ["Just signed in", "刚登录"],
  reason_rona: ["Offer not answered", "未应答"],
  reason_connection_lost: ["Connection lost", "连接中断"],
  reason_shift_end: ["Shift is over", "班次结束"],
  reason_supervisor: ["Set by supervisor", "主管设置"],

  voice: ["Call", "电话"],
  chat: ["Chat", "在线聊天"],
  return_call: ["Return call", "回拨"],
  inbound: ["Incoming", "呼入"],
  lang_en: ["English", "英语"],
  lang_zh: ["Chinese", "中文"],
  waiting: ["Waiting", "等待中"],
  assigned: ["With an agent", "服务中"],
  intake: ["With the bot", "机器人受理"],

  category_product: ["A product does not work", "产品故障"],
  category_order: ["An order or a delivery", "订单或物流"],
  category_billing: ["Billing or a refund", "账单或退款"],
  category_other: ["Something else", "其他问题"],

  outcome_answered: ["answered", "已接听"],
  outcome_abandoned: ["gave up waiting", "放弃等待"],
  outcome_overflowed: ["taken by the bot", "由机器人受理"],
  outcome_refused: ["turned away", "未受理"],
  outcome_unreached: ["not reached", "未接通"],
  repeat: ["{count|1 earlier contact|# earlier contacts}", "此前联系过 {count} 次"],

  unknown_customer: ["Unknown customer", "未知客户"],
  web_visitor: ["Web visitor", "网页访客"],
  account_number: ["Account {number}", "账户 {number}"],

  why_you: ["Why you?", "为什么是您？"],
  why_trigger: ["Looked because of", "触发原因"],
  why_strategy: ["Rule of choice", "选择规则"],
  why_step: ["Step of relaxation", "放宽步骤"],
  why_eligible: ["Agents who could take it", "可服务的坐席数"],
  why_runner_up: ["Next in rank", "次选坐席"],
  why_removed: ["Passed over", "排除"],
  trigger_arrival: ["arrival", "新联系到达"],
  trigger_agent_free: ["an agent became free", "有坐席空闲"],
  trigger_step: ["the contact asks for less now", "联系要求已放宽"],
  trigger_offer_failed: ["an earlier offer failed", "之前的分配未成功"],
  trigger_moved: ["it was moved", "被转移"],
  trigger_rules: ["new rules", "规则更新"],
  strategy_longest_idle: ["longest idle", "空闲最久"],
  strategy_least_busy: ["least busy", "最不忙"],
  strategy_fewest_contacts: ["fewest contacts", "受理最少"],
  strategy_most_proficient: ["most proficient", "最熟练"],
  strategy_least_skilled: ["least skilled", "技能最少优先"],
  strategy_round_robin: ["round robin", "轮流"],
  strategy_weighted: ["weighted", "加权"],
  strategy_ring_all: ["ring all", "全部振铃"],
  removed_signed_out: ["signed out", "未登录"],
  removed_not_ready: ["not ready", "未就绪"],
  removed_unreachable: ["unreachable", "不可达"],
  removed_no_capacity: ["full", "已满"],
  removed_queue: ["other queues", "其他队列"],
  removed_needs: ["skills", "技能不符"],
  removed_region: ["region", "区域不符"],
  removed_refused: ["refused before", "曾拒绝"],

  code_cannot: ["The telephone system of this contact cannot do that.", "该联系所用的电话系统不支持此操作。"],
  code_late: ["Too late: this is already over.", "已过期：该操作对象已结束。"],
  code_forbidden: ["Your role may not do this.", "您的角色无权执行此操作。"],
  code_not_yours: ["Not found, or not in your reach.", "未找到，或不在您的权限范围内。"],
  code_overloaded: ["The server is very busy. Try again in a moment.", "服务器繁忙，请稍后再试。"],
  code_stale: ["This window is no longer in charge of your desk.", "此窗口已不再控制您的工作台。"],
  code_unknown_disposition: ["This outcome is not one of the queue's.", "该结果不属于此队列。"],
  code_unknown_queue: ["There is no such queue.", "没有此队列。"],
  code_not_talking: ["Nobody is talking in this contact now.", "该联系当前未在通话中。"],
  code_not_waiting: ["This contact is not waiting any more.", "该联系已不在等待。"],
  code_agent_not_ready: ["The agent is not ready.", "该坐席未就绪。"],
  code_extensions_used: ["Wrap-up cannot be extended any further.", "话后处理时间不能再延长。"],
  code_no_answer_from_server: ["No answer from the server. Try again.", "服务器没有响应，请重试。"],
  code_connection_lost: ["The connection was lost before the server answered.", "服务器响应前连接已断开。"],
  code_other: ["Not done: {code}", "未完成：{code}"],
};

/**
 * A refusal in words; a code that we have no words for is shown as it is.
 *
 * @param {import("./i18n.js").Translate} t
 * @param {{code: string}} refusal
 */
export function refusalText(t, refusal) {
  return WORDS[`code_${refusal.code}`] ? t(`code_${refusal.code}`) : t("code_other", { code: refusal.code });
}

/**
 * What the bot's category is called; one of a configuration that we do not know is shown as it stands there.
 *
 * @param {import("./i18n.js").Translate} t
 * @param {string | null | undefined} category
 */
export function categoryText(t, category) {
  return category && WORDS[`category_${category}`] ? t(`category_${category}`) : category;
}

/**
 * A reason of a presence in words. Reasons come from the configuration: one that we have no words for is
 * shown as it stands there.
 *
 * @param {import("./i18n.js").Translate} t
 * @param {string} reason
 */
export function reasonText(t, reason) {
  return WORDS[`reason_${reason}`] ? t(`reason_${reason}`) : reason;
}
