//! Paths of the data: the data folder and the database in it.

use std::path::PathBuf;

use clap::Args;

use super::error::{ConfigError, invalid};

/// Where the data is.
#[derive(Args)]
pub(crate) struct DataPaths {
    /// Folder of the database and the generated secret.
    #[arg(long, env = "HUBBUB_DATA_DIR", value_name = "FOLDER", default_value = "./data")]
    pub(super) data_dir: PathBuf,

    /// `sqlite://PATH` of the database [default: hubbub.db in the data folder]
    #[arg(long, env = "DATABASE_URL", value_name = "URL", hide_env_values = true)]
    database_url: Option<String>,
}

impl DataPaths {
    /// The SQLite file.
    ///
    /// # Errors
    /// [`ConfigError::Invalid`] for a URL of another database, or with options.
    pub(crate) fn database(&self) -> Result<PathBuf, ConfigError> {
        let Some(url) = self.database_url.as_deref().filter(|url| !url.is_empty()) else {
            return Ok(self.data_dir.join("hubbub.db"));
        };
        if url.starts_with("postgres:") || url.starts_with("postgresql:") {
            return Err(invalid(
                "DATABASE_URL names PostgreSQL, but this version only has SQLite (sqlite://PATH)",
            ));
        }
        match url.strip_prefix("sqlite://") {
            Some(path) if !path.is_empty() && !path.contains([':', '?']) => Ok(PathBuf::from(path)),
            Some(_) => Err(invalid("DATABASE_URL must be sqlite:// and the path of a file, without options")),
            None => Err(invalid("DATABASE_URL must begin with sqlite://")),
        }
    }
}
