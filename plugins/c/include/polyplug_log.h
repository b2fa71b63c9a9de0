// Lines of the log of the host, from C and C++. Included by `polyplug_plugin.h`.
#ifndef POLYPLUG_LOG_H
#define POLYPLUG_LOG_H

#ifdef __cplusplus
extern "C" {
#endif

/// Logs a line under the plugin's name, at one of `POLYPLUG_LOG_LEVEL_..`. Costs little more than a question when nobody listens.
static inline void polyplug_log(const PolyplugContextRecord *context, uint32_t level, const char *line, size_t len) {
    const PolyplugLogTable *log = polyplug_host->log;
    if (!log) return;
    static const PolyplugSlice message = { (const uint8_t *)"message", 7 };
    PolyplugLogSiteParts parts;
    memset(&parts, 0, sizeof parts);
    parts.size = sizeof parts;
    parts.kind = POLYPLUG_LOG_KIND_EVENT | POLYPLUG_LOG_KIND_DYNAMIC;
    parts.level = level;
    parts.name.ptr = (const uint8_t *)"event";
    parts.name.len = 5;
    parts.target = context->plugin;
    parts.fields = &message;
    parts.field_count = 1;
    const PolyplugLogSite *site = log->site(&parts);
    if (!log->enabled(site)) return;
    PolyplugLogValue value;
    memset(&value, 0, sizeof value);
    value.kind = POLYPLUG_LOG_VALUE_TEXT;
    value.text.ptr = (const uint8_t *)line;
    value.text.len = len;
    PolyplugLogRecord record;
    memset(&record, 0, sizeof record);
    record.size = sizeof record;
    record.parent_kind = POLYPLUG_LOG_PARENT_CONTEXT;
    record.site = site;
    record.plugin = context->plugin;
    record.values = &value;
    record.value_count = 1;
    log->event(&record);
}

#ifdef __cplusplus
}  // extern "C"
#endif

#endif
