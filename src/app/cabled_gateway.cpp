// SPDX-License-Identifier: MIT
#include "app/cabled_gateway.h"

#include "crypto/start.h"
#include "dataplane/device.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <cassert>
#include <filesystem>
#include <utility>

namespace landfall::app {
namespace {

/// Its landfall.toml. A mission that is a path is found from anywhere.
std::string settings_text(const std::string& named, const crypto::public_key& datacenter,
                          unsigned lcores) {
    const bool is_path = named.find('/') != std::string::npos || named.ends_with(".toml");
    const std::string mission = is_path ? std::filesystem::absolute(named).string() : named;
    return fmt::format(R"(config_version = 1
[gateway]
name = "demo"
[[port]]
name = "rf"
device = "net_ring_rf_a"
address = ["192.0.2.10/24"]
mtu = {0}
[[port]]
name = "mdc"
device = "net_ring_mdc_a"
address = ["198.51.100.10/24"]
mtu = {0}
[[carrier]]
name = "satellite"
mission = {1}
port = "rf"
udp_port = 4991
stream_id = {2}
{4}
[tunnel]
port = "mdc"
private_key_file = "none"
address = ["10.77.0.1/24"]
[[peer]]
name = "datacenter"
public_key = "{3}"
endpoint = "198.51.100.7:51820"
allowed_ips = ["10.77.0.7/32"]
[[route]]
carrier = "satellite"
to = "datacenter"
as = "frames"
fill = true
udp = "10.77.0.7:50011"
)",
                       cabled_gateway::mtu, nlohmann::json(mission).dump(),
                       cabled_gateway::stream_id, to_text(datacenter),
                       lcores == 0 ? "" : fmt::format("lcores = {}", lcores));
}

base::result<config::gateway>
settings_of(const std::string& mission, const crypto::public_key& datacenter, unsigned lcores = 0) {
    auto settings =
        config::read_gateway({{.name = "demo", .text = settings_text(mission, datacenter, lcores)}},
                             config::mission_folders());
    if (!settings) {
        return std::unexpected(settings.error().failure());
    }
    return std::move(*settings);
}

struct far_keys {
    crypto::private_key gateway = crypto::generate_private_key(crypto::fill_random);
    crypto::private_key datacenter = crypto::generate_private_key(crypto::fill_random);
    crypto::preshared_key preshared = crypto::generate_preshared_key(crypto::fill_random);
};

dataplane::packet_pool_config digitiser_pool_config() {
    return {.name = "digitiser",
            .packets = 8191,
            .data_octets = dataplane::rx_data_octets(cabled_gateway::mtu)};
}

} // namespace

base::ip_prefix cabled_gateway::digitiser_address() {
    return *base::parse_prefix("192.0.2.20/24");
}

base::udp_endpoint cabled_gateway::gateway_address() {
    return *base::parse_endpoint("192.0.2.10:4991");
}

base::result<std::size_t> cabled_gateway::memory_octets(const std::string& mission) {
    const auto settings = settings_of(mission, crypto::public_of(far_keys().datacenter));
    if (!settings) {
        return std::unexpected(settings.error());
    }
    return gateway::memory_octets(*settings) + datacenter::memory_octets(mtu) +
           dataplane::packet_pool::memory_octets(digitiser_pool_config());
}

base::result<std::unique_ptr<cabled_gateway>>
cabled_gateway::start(const std::string& mission, frame_check& check, const dataplane::eal& eal,
                      control::logger& log, unsigned lcores) {
    far_keys keys;
    const auto datacenter_key = crypto::public_of(keys.datacenter);
    auto settings = settings_of(mission, datacenter_key, lcores);
    if (!settings) {
        return std::unexpected(settings.error());
    }
    std::unique_ptr<cabled_gateway> made(new cabled_gateway);
    auto pool = dataplane::packet_pool::create(digitiser_pool_config());
    if (!pool) {
        return std::unexpected(pool.error());
    }
    made->pool_ = std::move(*pool);
    auto rf = dataplane::cable::create("rf");
    auto mdc = dataplane::cable::create("mdc");
    if (!rf || !mdc) {
        return std::unexpected(rf ? mdc.error() : rf.error());
    }
    made->rf_ = std::move(*rf);
    made->mdc_ = std::move(*mdc);
    datacenter_config far_end{.device = made->mdc_->device(1),
                              .mtu = mtu,
                              .address = *base::parse_prefix("198.51.100.7/24"),
                              .sink = *base::parse_endpoint("10.77.0.7:50011"),
                              .gateway_inside = *base::parse_prefix("10.77.0.1/32")};
    far_end.key = std::move(keys.datacenter);
    far_end.gateway = crypto::public_of(keys.gateway);
    far_end.preshared = crypto::preshared_key::copy_of(keys.preshared.bytes());
    gateway_config config{.settings = std::move(*settings)};
    config.keys.own = std::move(keys.gateway);
    config.keys.peers.push_back(datacenter_key);
    config.keys.preshared.emplace_back(std::move(keys.preshared));
    auto end = datacenter::start(std::move(far_end), check);
    if (!end) {
        return std::unexpected(end.error());
    }
    made->datacenter_ = std::move(*end);
    auto running = gateway::start(std::move(config), eal, log);
    if (!running) {
        return std::unexpected(running.error());
    }
    made->gateway_ = std::move(*running);
    return made;
}

cabled_gateway::~cabled_gateway() {
    stop();
    datacenter_.reset();
    gateway_.reset();
    mdc_.reset();
    rf_.reset();
    // Whoever still held one of them would free it into a pool that is gone.
    assert(pool_ == nullptr || pool_->available() == pool_->capacity());
}

/// What is in a cable goes before the pools that it came from.
void cabled_gateway::stop() {
    if (datacenter_) {
        datacenter_->stop();
    }
    if (gateway_) {
        gateway_->stop();
    }
    for (dataplane::cable* const one : {rf_.get(), mdc_.get()}) {
        if (one != nullptr) {
            one->clear();
        }
    }
}

} // namespace landfall::app
