// SPDX-License-Identifier: MIT
// Any octets as the arguments of a segment's stanza: refused, or written back as they were.
#include "delivery/spool/summary.h"

#include <cstdlib>

using namespace landfall;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string stanza =
        "-> landfall/segment " + std::string(reinterpret_cast<const char*>(data), size) + "\n\n";
    const std::string text =
        "age-encryption.org/v1\n" + stanza + "--- " + std::string(43, 'A') + "\n";
    const auto read =
        delivery::read_summary({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
    if (!read) {
        return delivery::name(read.error()) == nullptr ? 1 : 0;
    }
    const std::string written = delivery::write_summary(*read);
    if (written.size() > delivery::most_summary_octets(*read) || written != stanza) {
        std::abort();
    }
    return 0;
}
