// SPDX-License-Identifier: MIT
// The text protocol of user-space WireGuard (wireguard.com/xplatform, "Configuration Protocol"), so
// that stock `wg` configures and shows a tunnel. The socket is the caller's, of mode 0600: `get`
// tells the private key.
#pragma once

#include "crypto/control_half.h"

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

namespace landfall::crypto {

/// What a connection may send until its blank line.
inline constexpr std::size_t uapi_most_octets = std::size_t{1} << 20U;

enum class uapi_error : std::uint8_t {
    operation,    ///< neither get=1 nor set=1
    unterminated, ///< no blank line at the end
    line,         ///< not KEY=VALUE
    key,          ///< not known, or not known there
    value,
};
[[nodiscard]] const char* name(uapi_error error) noexcept;

struct uapi_request {
    bool get = false;
    tunnel_change change; ///< of a `set`
};

/// Nothing is applied: a request is taken whole, or not at all.
[[nodiscard]] std::expected<uapi_request, uapi_error> parse_uapi(std::string_view text);

/// Where the first request of what was read ends, its blank line included; 0: not there yet.
[[nodiscard]] std::size_t uapi_length(std::string_view text) noexcept;

/// The reply to one request. Both texts may hold secrets: `wipe` them when they went out.
/// Keys without an effect of their own here: `fwmark`, which is kept and shown. A changed
/// `listen_port` is in `tunnel_numbers::listen_port` for whoever receives datagrams.
[[nodiscard]] std::string answer_uapi(control_half& control, std::string_view request,
                                      const instant& at);

} // namespace landfall::crypto
