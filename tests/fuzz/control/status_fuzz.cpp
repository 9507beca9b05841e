// SPDX-License-Identifier: MIT
// Any octets as a request to the control socket and as a gateway's status: a request has one line
// of JSON as its answer; what reads as a status writes and reads again, and its page is plain text.
#include "control/metrics.h"
#include "control/status.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>

using namespace landfall::control;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text(data, data + size);
    const std::string reply = answer(text, [] { return snapshot{}; });
    if (!reply.starts_with(R"({"schema":1,)") || reply.find('\n') != std::string::npos)
        std::abort();
    const auto status = parse_status(text);
    if (!status)
        return 0;
    const std::string written = status_json(*status);
    const auto again = parse_status(written);
    if (!again || status_json(*again) != written)
        std::abort();
    for (const page_line& line : status_page(*status, &*again))
        if (std::ranges::any_of(line.text,
                                [](char c) { return static_cast<unsigned char>(c) < 0x20; }))
            std::abort();
    static_cast<void>(metrics_text(*status));
    return 0;
}
