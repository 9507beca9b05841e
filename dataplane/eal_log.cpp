// SPDX-License-Identifier: MIT
#include "dataplane/eal_log.h"

#include <rte_log.h>

#include <algorithm>
#include <cstdio>
#include <mutex>
#include <utility>

namespace landfall::dataplane {
namespace {

constexpr std::size_t most_complaint_octets = 400;

struct log_state {
    std::mutex guard;
    std::function<void(log_level, std::string_view)> sink;
    std::string errors;
};

log_state& state() {
    static log_state only;
    return only;
}

void take_line(log_level level, std::string_view line) {
    log_state& log = state();
    const std::lock_guard lock(log.guard);
    if (level == log_level::error && log.errors.size() + line.size() < most_complaint_octets) {
        log.errors += log.errors.empty() ? "" : "; ";
        log.errors += line;
    }
    if (log.sink) {
        log.sink(level, line);
    }
}

ssize_t write_log(void*, const char* text, std::size_t size) {
    const int wire_level = rte_log_cur_msg_loglevel();
    const log_level level = wire_level <= int{RTE_LOG_ERR}       ? log_level::error
                            : wire_level <= int{RTE_LOG_WARNING} ? log_level::warning
                                                                 : log_level::info;
    std::string_view rest(text, size);
    while (!rest.empty()) {
        const std::string_view line = rest.substr(0, rest.find('\n'));
        if (!line.empty()) {
            take_line(level, line);
        }
        rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    }
    return static_cast<ssize_t>(size);
}

} // namespace

void redirect_log(std::function<void(log_level, std::string_view)> sink) {
    {
        const std::lock_guard lock(state().guard);
        state().sink = std::move(sink);
    }
    static std::FILE* const stream =
        fopencookie(nullptr, "w",
                    cookie_io_functions_t{
                        .read = nullptr, .write = write_log, .seek = nullptr, .close = nullptr});
    if (stream != nullptr) {
        std::setvbuf(stream, nullptr, _IOLBF, BUFSIZ);
        rte_openlog_stream(stream);
    }
}

std::string complaints() {
    const std::lock_guard lock(state().guard);
    return std::exchange(state().errors, {});
}

} // namespace landfall::dataplane
