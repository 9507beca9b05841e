// SPDX-License-Identifier: MIT
#include "crypto/uapi.h"

#include <sodium.h>

#include <cerrno>
#include <charconv>

namespace landfall::crypto {
namespace {

template <class T>
bool parse_number(std::string_view text, T& out) noexcept {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
    return error == std::errc{} && end == text.data() + text.size();
}

bool parse_hex(std::string_view text, std::span<std::uint8_t, key_octets> out) noexcept {
    std::size_t length = 0;
    return text.size() == 2 * key_octets &&
           sodium_hex2bin(out.data(), out.size(), text.data(), text.size(), nullptr, &length,
                          nullptr) == 0 &&
           length == out.size();
}

std::string hex(base::octets octets) {
    std::string text(2 * octets.size() + 1, '\0');
    sodium_bin2hex(text.data(), text.size(), octets.data(), octets.size());
    text.pop_back();
    return text;
}

using outcome = std::expected<void, uapi_error>;

outcome when(bool good) {
    return good ? outcome{} : std::unexpected(uapi_error::value);
}

outcome take_device_line(std::string_view key, std::string_view value, tunnel_change& change) {
    if (key == "private_key") {
        change.key.emplace();
        return when(parse_hex(value, change.key->bytes()));
    }
    if (key == "listen_port") {
        return when(parse_number(value, change.listen_port.emplace()));
    }
    if (key == "fwmark") {
        return when(parse_number(value, change.firewall_mark.emplace()));
    }
    if (key == "replace_peers") {
        change.replace_peers = true;
        return when(value == "true");
    }
    return std::unexpected(uapi_error::key);
}

outcome take_peer_line(std::string_view key, std::string_view value, peer_change& peer) {
    if (key == "preshared_key") {
        return when(parse_hex(value, peer.preshared.emplace().bytes()));
    }
    if (key == "endpoint") {
        peer.endpoint = base::parse_endpoint(value);
        return when(peer.endpoint.has_value());
    }
    if (key == "persistent_keepalive_interval") {
        return when(parse_number(value, peer.keepalive_s.emplace()));
    }
    if (key == "allowed_ip") {
        const auto prefix = base::parse_prefix(value);
        if (!prefix || value.find('/') == std::string_view::npos) {
            return std::unexpected(uapi_error::value);
        }
        peer.allowed_ips.push_back(*prefix);
        return {};
    }
    if (key == "protocol_version") {
        return when(value == "1");
    }
    bool* flag = key == "remove"                ? &peer.remove
                 : key == "update_only"         ? &peer.update_only
                 : key == "replace_allowed_ips" ? &peer.replace_allowed_ips
                                                : nullptr;
    if (flag == nullptr) {
        return std::unexpected(uapi_error::key);
    }
    *flag = true;
    return when(value == "true");
}

std::string show(const control_half& control) {
    std::string text;
    const auto line = [&text](std::string_view key, std::string_view value) {
        text.append(key).append("=").append(value).append("\n");
    };
    const auto number = [&line](std::string_view key, auto value) {
        line(key, std::to_string(value));
    };
    // One allocation, so that no copy of the private key stays behind.
    std::size_t peers = 0;
    std::size_t prefixes = 0;
    control.for_each_peer([&](const peer_view& peer) {
        ++peers;
        prefixes += peer.allowed_ips.size();
    });
    text.reserve(512 + 512 * peers + 64 * prefixes);
    const auto secret_line = [&](std::string_view key, const secret<key_octets>& value) {
        std::string digits = hex(value.bytes());
        line(key, digits);
        wipe(digits.data(), digits.size());
    };
    if (control.has_key()) {
        secret_line("private_key", control.self().secret);
    }
    if (control.listen_port() != 0) {
        number("listen_port", control.listen_port());
    }
    if (control.firewall_mark() != 0) {
        number("fwmark", control.firewall_mark());
    }
    control.for_each_peer([&](const peer_view& peer) {
        line("public_key", hex(peer.key.octet));
        secret_line("preshared_key", peer.preshared);
        line("protocol_version", "1");
        if (peer.endpoint) {
            line("endpoint", base::to_text(*peer.endpoint));
        }
        const std::int64_t last = peer.last_handshake_unix_ns;
        number("last_handshake_time_sec", last / second_ns);
        number("last_handshake_time_nsec", last % second_ns);
        number("tx_bytes", peer.counts.sent_octets);
        number("rx_bytes", peer.counts.received_octets);
        number("persistent_keepalive_interval", peer.keepalive_s);
        for (const base::ip_prefix& prefix : peer.allowed_ips) {
            line("allowed_ip", base::to_text(prefix));
        }
    });
    return text;
}

std::string errno_text(int error) {
    return "errno=" + std::to_string(error) + "\n\n";
}

} // namespace

const char* name(uapi_error error) noexcept {
    switch (error) {
    case uapi_error::operation:
        return "operation";
    case uapi_error::unterminated:
        return "unterminated";
    case uapi_error::line:
        return "line";
    case uapi_error::key:
        return "key";
    case uapi_error::value:
        return "value";
    }
    return nullptr;
}

std::size_t uapi_length(std::string_view text) noexcept {
    if (text.starts_with('\n')) {
        return 1;
    }
    const std::size_t blank = text.find("\n\n");
    return blank == std::string_view::npos ? 0 : blank + 2;
}

std::expected<uapi_request, uapi_error> parse_uapi(std::string_view text) {
    uapi_request request;
    if (uapi_length(text) != text.size() || text.size() > uapi_most_octets) {
        return std::unexpected(uapi_error::unterminated);
    }
    const std::size_t first = text.find('\n');
    const std::string_view operation = text.substr(0, first);
    if (operation == "get=1") {
        request.get = true;
    } else if (operation != "set=1") {
        return std::unexpected(uapi_error::operation);
    }
    text.remove_prefix(first + 1);
    for (std::size_t end = text.find('\n'); end != 0; end = text.find('\n')) {
        const std::string_view line = text.substr(0, end);
        text.remove_prefix(end + 1);
        const std::size_t equals = line.find('=');
        if (equals == std::string_view::npos) {
            return std::unexpected(uapi_error::line);
        }
        const std::string_view key = line.substr(0, equals);
        const std::string_view value = line.substr(equals + 1);
        outcome taken;
        if (request.get) {
            taken = std::unexpected(uapi_error::key);
        } else if (key == "public_key") {
            taken = when(parse_hex(value, request.change.peers.emplace_back().key.octet));
        } else if (request.change.peers.empty()) {
            taken = take_device_line(key, value, request.change);
        } else {
            taken = take_peer_line(key, value, request.change.peers.back());
        }
        if (!taken) {
            return std::unexpected(taken.error());
        }
    }
    return request;
}

std::string answer_uapi(control_half& control, std::string_view request, const instant& at) {
    auto parsed = parse_uapi(request);
    if (!parsed) {
        return errno_text(parsed.error() == uapi_error::line ? -EPROTO : -EINVAL);
    }
    if (parsed->get) {
        return show(control) + errno_text(0);
    }
    const auto done = control.change(std::move(parsed->change), at);
    if (!done) {
        return errno_text(done.error() == change_error::too_many_peers ? -ENOSPC : -EINVAL);
    }
    return errno_text(0);
}

} // namespace landfall::crypto
