// SPDX-License-Identifier: MIT
#include "crypto/numbers.h"

namespace landfall::crypto {

const char* name(encrypt_status status) noexcept {
    switch (status) {
    case encrypt_status::sent:
        return "sent";
    case encrypt_status::no_session:
        return "no_session";
    case encrypt_status::no_endpoint:
        return "no_endpoint";
    case encrypt_status::no_route:
        return "no_route";
    case encrypt_status::bad_destination:
        return "bad_destination";
    case encrypt_status::bad_packet:
        return "bad_packet";
    case encrypt_status::too_long:
        return "too_long";
    case encrypt_status::no_room:
        return "no_room";
    }
    return nullptr;
}

const char* name(decrypt_status status) noexcept {
    switch (status) {
    case decrypt_status::packet:
        return "packet";
    case decrypt_status::keepalive:
        return "keepalive";
    case decrypt_status::handshake:
        return "handshake";
    case decrypt_status::bad_message:
        return "bad_message";
    case decrypt_status::bad_mac1:
        return "bad_mac1";
    case decrypt_status::unknown_index:
        return "unknown_index";
    case decrypt_status::stale_key:
        return "stale_key";
    case decrypt_status::bad_tag:
        return "bad_tag";
    case decrypt_status::replay:
        return "replay";
    case decrypt_status::bad_packet:
        return "bad_packet";
    case decrypt_status::bad_source:
        return "bad_source";
    }
    return nullptr;
}

const char* name(handshake_status status) noexcept {
    switch (status) {
    case handshake_status::answered:
        return "answered";
    case handshake_status::completed:
        return "completed";
    case handshake_status::cookie_taken:
        return "cookie_taken";
    case handshake_status::cookie_sent:
        return "cookie_sent";
    case handshake_status::bad_message:
        return "bad_message";
    case handshake_status::bad_mac1:
        return "bad_mac1";
    case handshake_status::rate_limited:
        return "rate_limited";
    case handshake_status::unknown_index:
        return "unknown_index";
    case handshake_status::unknown_peer:
        return "unknown_peer";
    case handshake_status::bad_seal:
        return "bad_seal";
    case handshake_status::replay:
        return "replay";
    case handshake_status::flood:
        return "flood";
    case handshake_status::no_slot:
        return "no_slot";
    }
    return nullptr;
}

} // namespace landfall::crypto
