// SPDX-License-Identifier: MIT
// The gateway's part for the host's own connections.
#include "app/gateway.h"

#include <utility>

namespace landfall::app {

base::result<void> gateway::make_host() {
    if (!config_.host_interface) {
        return {};
    }
    auto pool = dataplane::packet_pool::create(host_stage::pool(tunnel_pool_->data_octets()));
    if (!pool) {
        return std::unexpected(pool.error());
    }
    host_pool_ = std::move(*pool);
    auto made = host_stage::start(std::move(config_.host_interface), settings_, *host_pool_);
    if (!made) {
        return std::unexpected(made.error());
    }
    host_ = std::move(*made);
    return {};
}

} // namespace landfall::app
