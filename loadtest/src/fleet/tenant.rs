//! The API as a tenant that the fleet made, whose number is therefore known.

use std::ops::Deref;

use rad_core::ids::TenantId;

use crate::client::Api;

/// An [`Api`] with the tenant that it asks as.
#[derive(Clone)]
pub struct TenantApi {
    api: Api,
    tenant: TenantId,
}

impl TenantApi {
    pub(super) fn new(api: Api, tenant: TenantId) -> Self {
        Self { api, tenant }
    }

    /// The tenant that it asks as.
    pub fn tenant(&self) -> TenantId {
        self.tenant
    }
}

impl Deref for TenantApi {
    type Target = Api;

    fn deref(&self) -> &Api {
        &self.api
    }
}
