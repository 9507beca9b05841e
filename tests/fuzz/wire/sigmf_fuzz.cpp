// SPDX-License-Identifier: MIT
// Any text as SigMF metadata: parsed or refused, and what is parsed survives being written.
#include "wire/sigmf.h"

#include <cstdlib>

using namespace landfall;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    static_cast<void>(wire::parse_iso8601(text));
    const auto parsed = wire::parse_sigmf(text);
    if (!parsed) {
        return wire::name(parsed.error()) == nullptr ? 1 : 0;
    }
    const auto again = wire::parse_sigmf(wire::write_sigmf(*parsed));
    if (!again || again->datatype != parsed->datatype ||
        again->sample_rate_hz != parsed->sample_rate_hz ||
        again->captures.size() != parsed->captures.size()) {
        std::abort();
    }
    return 0;
}
