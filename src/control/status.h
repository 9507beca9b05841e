// SPDX-License-Identifier: MIT
// A snapshot for programs (JSON, schema 1) and for people (a page of tables), and the control
// socket's answers.
#pragma once

#include "control/snapshot.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace landfall::control {

/// One line, keys as README.md lists them.
[[nodiscard]] std::string status_json(const snapshot& now);
/// The inverse. A key that is missing leaves its default, an unknown one is passed over: the other
/// end may be of another version. None: not such an object.
[[nodiscard]] std::optional<snapshot> parse_status(std::string_view json);

enum class line_kind : std::uint8_t { plain, heading, alarm };

struct page_line {
    std::string text; ///< without a line break
    line_kind kind = line_kind::plain;
};

/// First what is wrong if anything is: locks, missing frames, all drops that are not zero; then
/// peers, ports, routes, lcores, virtual channels. With `before`, an earlier snapshot of the same
/// gateway, also rates between the two. At most `rows` lines: the last one then says how many are
/// not shown.
[[nodiscard]] std::vector<page_line> status_page(const snapshot& now, const snapshot* before,
                                                 std::size_t rows = SIZE_MAX);

inline constexpr std::string_view status_request = R"({"request":"status"})";

/// What the control socket answers to one line: to `status_request` with `status_json`, to anything
/// else with `{"schema":1,"error":TEXT}`.
[[nodiscard]] std::string answer(std::string_view request, const snapshot_source& source);

} // namespace landfall::control
