// SPDX-License-Identifier: MIT
// The forms that single values of the configuration have. Each is a type with `type`, `values()`
// (what it takes, for a person), `read` (says what is wrong, and keeps what was read of it all the
// same where others refer to it) and `write` (as TOML).
#pragma once

#include "base/ip.h"
#include "config/document.h"
#include "config/durable.h"
#include "config/gateway.h"
#include "config/mission_keys.h"
#include "config/units.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace landfall::config::formats {

using failed = std::optional<std::string>;

/// Nothing where `item` is text that can be shown.
[[nodiscard]] failed not_text(const value& item, std::string_view expected);

/// Of ports, carriers, peers and the gateway.
struct name {
    using type = std::string;
    static std::string values();
    static failed read(const value& item, std::string& to);
    static std::string write(const std::string& from) { return in_quotes(from); }
};

/// The name of another table: whether there is one is checked later.
struct reference {
    using type = std::string;
    static std::string values() { return "text"; }
    static failed read(const value& item, std::string& to);
    static std::string write(const std::string& from) { return in_quotes(from); }
};

struct device {
    using type = std::string;
    static std::string values();
    static failed read(const value& item, std::string& to);
    static std::string write(const std::string& from) { return in_quotes(from); }
};

/// As `wg` writes keys: base64 of 32 octets.
struct public_key {
    using type = std::string;
    static std::string values() { return "44 characters of base64, as `wg pubkey` writes them"; }
    static failed read(const value& item, std::string& to);
    static std::string write(const std::string& from) { return in_quotes(from); }
};

/// An X25519 recipient of age. Its checksum is looked at where keys are.
struct recipient {
    using type = std::string;
    static std::string values() {
        return "\"age1…\", 62 characters as `age-keygen -y` writes them";
    }
    static failed read(const value& item, std::string& to);
    static std::string write(const std::string& from) { return in_quotes(from); }
};

/// "CARRIER" or "CARRIER:VCID".
struct channel {
    using type = channel_name;
    static std::string values() {
        return "a carrier, or one virtual channel of it: \"noaa20\", \"noaa20:16\"";
    }
    static failed read(const value& item, channel_name& to);
    static std::string write(const channel_name& from);
};

struct nats_url {
    using type = std::string;
    static std::string values() { return "a server: \"nats://10.77.0.7:4222\", \"tls://…\""; }
    static failed read(const value& item, std::string& to);
    static std::string write(const std::string& from) { return in_quotes(from); }
};

/// What a stream of JetStream may be called, and the first part of its subjects.
struct stream {
    using type = std::string;
    static std::string values() { return "1 to 32 letters, digits, '_' or '-'"; }
    static failed read(const value& item, std::string& to);
    static std::string write(const std::string& from) { return in_quotes(from); }
};

/// What a network interface may be called.
struct interface {
    using type = std::string;
    static std::string values() { return "1 to 15 letters, digits, '_', '=', '+', '.' or '-'"; }
    static failed read(const value& item, std::string& to);
    static std::string write(const std::string& from) { return in_quotes(from); }
};

struct path {
    using type = std::filesystem::path;
    static std::string values() { return "a path"; }
    static failed read(const value& item, std::filesystem::path& to);
    static std::string write(const std::filesystem::path& from) { return in_quotes(from.string()); }
};

struct flag {
    using type = bool;
    static std::string values() { return "true, false"; }
    static failed read(const value& item, bool& to);
    static std::string write(bool from) { return from ? "true" : "false"; }
};

/// An address of one's own with the length of its network: "192.0.2.10/24".
struct own_address {
    using type = base::ip_prefix;
    static std::string values() { return "an address and its prefix length: \"192.0.2.10/24\""; }
    static failed read(const value& item, base::ip_prefix& to);
    static std::string write(const base::ip_prefix& from) { return in_quotes(to_text(from)); }
};

/// "10.77.0.0/24", or one host.
struct network {
    using type = base::ip_prefix;
    static std::string values() { return "a network or a host: \"10.77.0.0/24\", \"10.77.0.7\""; }
    static failed read(const value& item, base::ip_prefix& to);
    static std::string write(const base::ip_prefix& from) { return in_quotes(to_text(from)); }
};

struct host {
    using type = base::ip_address;
    static std::string values() { return "an address: \"192.0.2.1\""; }
    static failed read(const value& item, base::ip_address& to);
    static std::string write(const base::ip_address& from) { return in_quotes(to_text(from)); }
};

struct endpoint {
    using type = base::udp_endpoint;
    static std::string values() {
        return "an address and a port: \"192.0.2.7:51820\", \"[2001:db8::7]:51820\"";
    }
    static failed read(const value& item, base::udp_endpoint& to);
    static std::string write(const base::udp_endpoint& from) { return in_quotes(to_text(from)); }
};

/// "icmp", "tcp/22", "udp/123".
struct allowance {
    using type = host_allowance;
    static std::string values() {
        return "\"icmp\", or a protocol and a port: \"tcp/9464\", \"udp/123\"";
    }
    static failed read(const value& item, host_allowance& to);
    static std::string write(const host_allowance& from);
};

/// A whole number within a range, in units of `Unit`: bare, or as text with its unit.
[[nodiscard]] std::string number_values(std::int64_t least, std::int64_t most, quantity unit);
[[nodiscard]] std::expected<std::int64_t, std::string>
read_number(const value& item, std::int64_t least, std::int64_t most, quantity unit);

template <class T, std::int64_t Least, std::int64_t Most, quantity Unit = quantity::none>
struct number {
    using type = T;
    static std::string values() { return number_values(Least, Most, Unit); }
    static failed read(const value& item, T& to) {
        const auto got = read_number(item, Least, Most, Unit);
        if (!got)
            return got.error();
        to = static_cast<T>(*got);
        return {};
    }
    static std::string write(T from) { return fmt::format("{}", from); }
};

[[nodiscard]] std::string word_values(std::span<const word> known);
[[nodiscard]] std::expected<int, std::string> read_word(const value& item,
                                                        std::span<const word> known);

/// One of `Words`, which stand for the values of an enumeration.
template <class Enum, const auto& Words>
struct choice {
    using type = Enum;
    static std::string values() { return word_values(Words); }
    static failed read(const value& item, Enum& to) {
        const auto got = read_word(item, Words);
        if (!got)
            return got.error();
        to = static_cast<Enum>(*got);
        return {};
    }
    static std::string write(Enum from) {
        const auto found = std::find_if(Words.begin(), Words.end(), [&](const word& one) {
            return one.value == static_cast<int>(from);
        });
        return found == Words.end() ? std::string{} : in_quotes(found->text);
    }
};

} // namespace landfall::config::formats
