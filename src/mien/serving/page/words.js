// Texts of the page in both languages. A text is a string, or a function of its values.

const share = new Intl.NumberFormat("en", { style: "percent", maximumFractionDigits: 0 });

export const percent = (value) => share.format(value);

// Seconds as 0:12 or 1:02:03.
export function clock(seconds) {
  const whole = Math.round(seconds);
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, String(whole % 60).padStart(2, "0")];
  return hours ? `${hours}:${String(minutes).padStart(2, "0")}:${rest}` : `${minutes}:${rest}`;
}

const faces = (count) => (count === 1 ? "1 face" : `${count} faces`);
const photos = (count) => (count === 1 ? "1 photo" : `${count} photos`);

const WORDS = {
  en: {
    skip: "Skip to the photos",
    tagline: "Classifies facial expressions",
    model: "Model",
    other: "Compare with",
    no_other: "none",
    on_device: "On this device",
    language: "Language",
    key_label: "This server needs an API key",
    key_use: "Use it",
    key_wrong: "Wrong API key",
    key_ascii: "A key has only ASCII letters, digits and symbols",
    source: "Source",
    photos: "Photos",
    live: "Live camera",
    drop: "Drop photos here, or paste one",
    choose: "Choose photos",
    shoot: "Take a photo",
    samples: "Or try a drawn one",
    sample_one: "one face",
    sample_six: "six faces",
    sample_unclear: "an unclear face",
    shot_take: "Snapshot",
    snapshot_name: "snapshot.jpg",
    cancel: "Cancel",
    limits: (megabytes) => `JPEG, PNG, WebP, GIF, BMP or TIFF, up to ${megabytes} MB each`,
    summary: (files, found) => `${photos(files)}, ${faces(found)}`,
    copy_all: "Copy all as JSON",
    copy: "Copy as JSON",
    copied: "Copied",
    copy_failed: "Couldn't copy",
    download: "Save picture",
    remove: "Remove",
    retry: "Try again",
    clear: "Clear",
    reading: "Classifying…",
    no_face: "No face found",
    found: (count) => `${faces(count)} found`,
    found_compared: (count, differing) => (differing ? `${faces(count)} found; the models differ on ${differing}` : `${faces(count)} found; the models agree`),
    differ: "The models differ",
    face: (number, caption) => `Face ${number}: ${caption}`,
    unsure: "unsure",
    between: ", ",
    threshold: "Uncertain below",
    boxes: "Faces in the photo",
    too_small: "too small to be reliable",
    too_blurred: "too blurred to be reliable",
    turned_away: "turned away: not reliable",
    pasted: "pasted photo",
    failed: (name, why) => `${name}: ${why}`,
    too_large: (megabytes) => `The file is larger than the ${megabytes} MB allowed: send a smaller one.`,
    unreachable: "The server can't be reached: check the connection and try again.",
    live_hint: "Each frame is read by itself; none is kept",
    start: "Start the camera",
    stop: "Stop the camera",
    rate: (read, dropped) => `${read} frames/s classified, ${dropped} frames/s skipped`,
    camera_denied: "Camera access was denied: allow it in the browser's settings for this page.",
    camera_missing: "No camera was found.",
    camera_ended: "The camera was switched off or unplugged.",
    camera_insecure: "Browsers allow the camera only for pages over https or on this machine.",
    timeline: "One lane for each face: the height of a colour is the probability of its expression, averaged over 0.3 s.",
    lane: (number) => `Face ${number}`,
    now: "now",
    ago: (seconds) => `−${seconds} s`,
    table: "Save table (CSV)",
    picture_name: "camera-mien.png",
    video: "Video",
    clip_drop: "Drop a clip here",
    clip_choose: "Choose a clip",
    privacy_video: "The clip is sent to this server and deleted once it has been read; its results are deleted once they are here.",
    clip_device: "Clips are read on the server only: switch off “On this device” to send one.",
    clip_limits: (megabytes, length) => `MP4, MOV, WebM, MKV and others, up to ${megabytes} MB and ${length} minutes`,
    clip_large: (megabytes) => `The clip is larger than the ${megabytes} MB allowed: send a shorter or smaller one.`,
    clip_sending: (share) => `Sending the clip: ${share}`,
    clip_waiting: "Waiting for the server…",
    clip_running: (time, length) => (length ? `Reading: ${time} of ${length}` : `Reading: ${time}`),
    clip_done: (count) => `Done: ${faces(count)} found`,
    clip_cancelled: "Cancelled; the clip was deleted.",
    clip_unplayable: "This browser can't play the clip; its results are shown all the same.",
    clip_more: (count) => `${count} more, seen more briefly, in the table`,
    clip_time: "Time of the clip",
    clip_json: "Save as JSON",
    segments: (count) => `Expressions of each face (${count})`,
    segment: (span, face, caption) => `${span}  ${face}: ${caption}`,
    honest_title: "What the model can and cannot do",
    honest_1: "The model classifies the shape of a face: raised brows, a smile, a frown. That is not what the person feels. People smile without joy, or are sad without showing it, and the meaning of an expression differs between people, situations and cultures.",
    honest_2: "The model is often wrong. The models included in mien agree with the labels of their test photos in about 70% of cases, and much less often for fear and disgust; people agree with these labels only slightly more often. Don't use it to judge anyone. In the European Union, inferring emotions at work or at school is prohibited, with few exceptions.",
    privacy_server: "Photos are sent to this server, read in its memory, and not kept.",
    privacy_device: "Photos are read in this browser; nothing is sent or kept.",
    device_loading: "Loading the models into the browser…",
    device_failed: "This browser can't run the models, so no photo was classified or sent. The option is now off: photos are sent to the server.",
    api: "The API for developers",
    problems: {},
    expressions: { angry: "angry", disgust: "disgust", fear: "fear", happy: "happy", sad: "sad", surprise: "surprise", neutral: "neutral", contempt: "contempt" },
  },
  "zh-TW": {
    skip: "跳到照片",
    tagline: "辨識臉上的表情",
    model: "模型",
    other: "比較對象",
    no_other: "無",
    on_device: "在本機執行",
    language: "語言",
    key_label: "這台伺服器需要 API 金鑰",
    key_use: "使用",
    key_wrong: "金鑰不正確",
    key_ascii: "金鑰只含英文字母、數字與符號",
    source: "來源",
    photos: "照片",
    live: "即時攝影機",
    drop: "把照片拖放到這裡，或直接貼上",
    choose: "選擇照片",
    shoot: "拍照",
    samples: "或試試電腦繪製的範例",
    sample_one: "一張臉",
    sample_six: "六張臉",
    sample_unclear: "不明確的臉",
    shot_take: "拍下",
    snapshot_name: "快照.jpg",
    cancel: "取消",
    limits: (megabytes) => `JPEG、PNG、WebP、GIF、BMP 或 TIFF，每張最大 ${megabytes} MB`,
    summary: (files, found) => `${files} 張照片，${found} 張臉`,
    copy_all: "全部複製為 JSON",
    copy: "複製為 JSON",
    copied: "已複製",
    copy_failed: "無法複製",
    download: "儲存標註圖",
    remove: "移除",
    retry: "再試一次",
    clear: "全部清除",
    reading: "辨識中…",
    no_face: "沒有找到臉",
    found: (count) => `找到 ${count} 張臉`,
    found_compared: (count, differing) => (differing ? `找到 ${count} 張臉，其中 ${differing} 張兩個模型的判斷不同` : `找到 ${count} 張臉，兩個模型的判斷都相同`),
    differ: "兩個模型的判斷不同",
    face: (number, caption) => `第 ${number} 張臉：${caption}`,
    unsure: "不確定",
    between: "、",
    threshold: "不確定的門檻",
    boxes: "照片中的臉",
    too_small: "太小，結果不可靠",
    too_blurred: "太模糊，結果不可靠",
    turned_away: "側臉，結果不可靠",
    pasted: "貼上的照片",
    failed: (name, why) => `${name}：${why}`,
    too_large: (megabytes) => `檔案超過 ${megabytes} MB 的上限，請改用較小的檔案。`,
    unreachable: "連不上伺服器，請檢查網路後再試一次。",
    live_hint: "逐一辨識畫面，不會保存",
    start: "開啟攝影機",
    stop: "關閉攝影機",
    rate: (read, dropped) => `每秒辨識 ${read} 個畫面，略過 ${dropped} 個`,
    camera_denied: "無法使用攝影機，請在瀏覽器設定中允許此頁面使用。",
    camera_missing: "找不到攝影機。",
    camera_ended: "攝影機已關閉或被拔除。",
    camera_insecure: "瀏覽器只允許 https 或本機的頁面使用攝影機。",
    timeline: "每張臉一條：色帶的高度是該表情的機率（0.3 秒平均）。",
    lane: (number) => `第 ${number} 張臉`,
    now: "現在",
    ago: (seconds) => `−${seconds} 秒`,
    table: "儲存表格（CSV）",
    picture_name: "攝影機-mien.png",
    video: "影片",
    clip_drop: "把影片拖放到這裡",
    clip_choose: "選擇影片",
    privacy_video: "影片會傳送到這台伺服器，辨識後立即刪除；結果傳回這裡後也會刪除。",
    clip_device: "影片只能在伺服器上辨識：請先關閉「在本機執行」。",
    clip_limits: (megabytes, length) => `MP4、MOV、WebM、MKV 等格式，最大 ${megabytes} MB，最長 ${length} 分鐘`,
    clip_large: (megabytes) => `影片超過 ${megabytes} MB 的上限，請改用較短或較小的影片。`,
    clip_sending: (share) => `正在傳送影片：${share}`,
    clip_waiting: "等待伺服器…",
    clip_running: (time, length) => (length ? `辨識中：${time}／${length}` : `辨識中：${time}`),
    clip_done: (count) => `完成：找到 ${count} 張臉`,
    clip_cancelled: "已取消，影片已刪除。",
    clip_unplayable: "這個瀏覽器無法播放此影片，但仍可查看結果。",
    clip_more: (count) => `另有 ${count} 張出現較短的臉，見表格`,
    clip_time: "影片時間",
    clip_json: "儲存為 JSON",
    segments: (count) => `每張臉的表情（${count}）`,
    segment: (span, face, caption) => `${span}  ${face}：${caption}`,
    honest_title: "它能看出什麼、看不出什麼",
    honest_1: "它讀的是臉的形狀：揚起的眉毛、微笑、皺眉。這不等於一個人的感受。人會在不快樂時微笑，也會難過而不表現出來；同一張臉的意義，會因人、因情境、因文化而不同。",
    honest_2: "它常常出錯。mien 內附的模型，在測試照片上與標註相符的比例約為七成，「害怕」與「厭惡」則低得多；人與這些標註相符的比例也高不了多少。請不要用它來評斷任何人。在歐盟，除少數例外，禁止在職場與學校推斷情緒。",
    privacy_server: "照片會傳送到這台伺服器，在記憶體中辨識，不會保存。",
    privacy_device: "照片只在這個瀏覽器中辨識，不會傳送，也不會保存。",
    device_loading: "正在把模型載入瀏覽器…",
    device_failed: "這個瀏覽器無法執行模型，因此尚未辨識，也沒有傳送任何照片。開關已關閉：之後的照片會傳送到伺服器。",
    api: "給開發者的 API",
    problems: {
      401: "需要正確的 API 金鑰。",
      408: "傳送太慢，請改用較小的檔案或較快的網路。",
      404: "伺服器上已沒有這個項目，請再試一次。",
      413: "檔案太大，請改用較小的檔案。",
      415: "不支援這種檔案，請改用圖片或影片檔。",
      422: "這個檔案無法讀取，或已損壞、太大、太長，請換一個檔案。",
      500: "伺服器發生錯誤，請稍後再試。",
      503: "伺服器忙碌中，請稍後再試。",
    },
    expressions: { angry: "生氣", disgust: "厭惡", fear: "害怕", happy: "開心", sad: "難過", surprise: "驚訝", neutral: "中性", contempt: "輕蔑" },
  },
};

let language = "en";

export function say(key, ...about) {
  const word = WORDS[language][key];
  return typeof word === "function" ? word(...about) : word;
}

// A model of one's own may have classes that aren't expressions: they keep their names.
export const expression = (name) => WORDS[language].expressions[name] ?? name;

// What a status means, where the server's own sentence, which is English, doesn't do.
export const problem = (status) => WORDS[language].problems[status];

export function speak(wanted) {
  language = wanted in WORDS ? wanted : "en";
  document.documentElement.lang = language;
  for (const element of document.querySelectorAll("[data-word]")) element.textContent = say(element.dataset.word);
  for (const image of document.querySelectorAll("[data-alt]")) image.alt = say(image.dataset.alt);
  for (const button of document.querySelectorAll("[data-language]")) {
    button.setAttribute("aria-pressed", String(button.dataset.language === language));
  }
  document.querySelector(".languages").setAttribute("aria-label", say("language"));
}

// What a browser keeps for the page, or nothing where it keeps nothing.
export function kept(storage, key) {
  try {
    return window[storage].getItem(key);
  } catch {
    return null;
  }
}

export function keep(storage, key, value) {
  try {
    window[storage].setItem(key, value);
  } catch {
    // then it holds until the page is left
  }
}

export function preferred() {
  const chosen = kept("localStorage", "language");
  if (chosen) return chosen;
  return (navigator.languages ?? []).some((tag) => /^zh-(TW|HK|MO|Hant)/i.test(tag)) ? "zh-TW" : "en";
}
