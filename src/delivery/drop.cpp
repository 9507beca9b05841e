// SPDX-License-Identifier: MIT
#include "delivery/drop.h"

namespace landfall::delivery {

const char* name(drop reason) noexcept {
    switch (reason) {
    case drop::no_buffer:
        return "no_buffer";
    case drop::too_long:
        return "too_long";
    case drop::bad_version:
        return "bad_version";
    case drop::bad_header:
        return "bad_header";
    case drop::bad_length:
        return "bad_length";
    case drop::bad_checksum:
        return "bad_checksum";
    case drop::bad_address:
        return "bad_address";
    case drop::filtered:
        return "filtered";
    case drop::hop_limit:
        return "hop_limit";
    case drop::too_big:
        return "too_big";
    }
    return "unknown";
}

} // namespace landfall::delivery
