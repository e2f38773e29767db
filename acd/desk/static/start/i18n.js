/** All texts of the start page, English and Chinese side by side. */

/** @type {import("../page/i18n.js").Texts} */
export const TEXTS = {
  title: ["Call distributor", "智能话务分配"],
  product: ["Call distributor", "智能话务分配"],
  language: ["Language", "语言"],
  heading: ["Every contact finds the right agent", "让每一次联系找到合适的坐席"],
  lead: [
    "Calls and chats wait in line, are offered by rules that can be read, and nothing is lost when it gets busy.",
    "电话与聊天统一排队，按公开可查的规则分配，高峰时也不丢失任何联系。",
  ],
  agent: ["Agent desk", "坐席工作台"],
  agent_text: ["Take calls and chats, see who was here before, wrap up, call back.", "接听电话与聊天，识别重复来访，话后处理与回拨。"],
  supervisor: ["Supervisor", "主管监控台"],
  supervisor_text: ["Queues, agents and contacts live, by region and team; step in where needed.", "按区域和团队实时查看队列、坐席和联系，并可即时干预。"],
  customer: ["Customer's page", "客户页面"],
  customer_text: ["A demonstration shop with the chat: wait in line, leave it with the bot, reload and keep your place.", "演示商店与在线聊天：排队、机器人受理、刷新保留位置。"],
  documents: ["For engineers", "技术资料"],
  api: ["HTTP API", "HTTP 接口"],
  metrics: ["Metrics", "监控指标"],
  health: ["Health", "健康检查"],
  ready: ["Readiness", "就绪检查"],
  open: ["Open", "打开"],
};
