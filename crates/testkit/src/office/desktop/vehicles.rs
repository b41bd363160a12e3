//! Vehicles, drivers and what happens to them.

use rusqlite::{Connection, named_params};

use super::{Desktop, Driver, Fault, Generation, Inspection, ServiceVisit, Vehicle, statement};

/// The nine points of a weekly check.
pub const CHECKLIST: [&str; 9] = [
    "body_dent",
    "paint_damage",
    "interior_clean",
    "smoke_smell",
    "tire_condition",
    "lights",
    "glass",
    "warning_lamps",
    "water_level",
];

impl Desktop {
    /// Adds a vehicle, or saves all columns of the one with this id. Returns the id.
    ///
    /// **Errors**: a plate that is there already.
    pub fn save_vehicle(&self, id: Option<i64>, form: &Vehicle<'_>) -> anyhow::Result<i64> {
        let parameters = named_params! {
            ":plate": form.plate,
            ":brand": form.brand,
            ":model": form.model,
            ":year": form.year,
            ":km": form.km,
            ":inspection_date": form.inspection_date,
            ":insurance_date": form.insurance_date,
            ":maintenance_date": form.maintenance_date,
            ":oil_change_date": form.oil_change_date,
            ":oil_change_km": form.oil_change_km,
            ":oil_interval_km": form.oil_interval_km,
            ":notes": form.notes,
        };
        self.save([statement!("vehicle_add"), statement!("vehicle_update")], id, parameters)
    }

    /// Adds a driver, or saves all columns of the one with this id. Returns the id.
    ///
    /// **Errors**: a name that is there already, unless the second generation made the file.
    pub fn save_driver(&self, id: Option<i64>, form: &Driver<'_>) -> anyhow::Result<i64> {
        let parameters = named_params! {
            ":full_name": form.full_name,
            ":license_class": form.license_class,
            ":license_expiry": form.license_expiry,
            ":phone": form.phone,
            ":notes": form.notes,
        };
        self.save([statement!("driver_add"), statement!("driver_update")], id, parameters)
    }

    /// Adds a fault, or saves all columns of the one with this id. Returns the id.
    pub fn save_fault(&self, id: Option<i64>, form: &Fault<'_>) -> anyhow::Result<i64> {
        let parameters = named_params! {
            ":vehicle_id": form.vehicle_id,
            ":title": form.title,
            ":description": form.description,
            ":opened_date": form.opened_date,
            ":closed_date": form.closed_date,
            ":status": form.status,
        };
        self.save([statement!("fault_add"), statement!("fault_update")], id, parameters)
    }

    /// Adds a service visit, or saves all columns of the one with this id. Returns the id.
    pub fn save_service_visit(&self, id: Option<i64>, form: &ServiceVisit<'_>) -> anyhow::Result<i64> {
        let parameters = named_params! {
            ":vehicle_id": form.vehicle_id,
            ":fault_id": form.fault_id,
            ":start_date": form.start_date,
            ":end_date": form.end_date,
            ":reason": form.reason,
            ":cost": form.cost,
            ":notes": form.notes,
        };
        self.save([statement!("visit_add"), statement!("visit_update")], id, parameters)
    }

    /// Adds a weekly check with its nine results, and what follows from it for the vehicle and the fault. Returns its
    /// id.
    pub fn add_inspection(&self, form: &Inspection<'_>) -> anyhow::Result<i64> {
        let mut conn = self.open()?;
        let transaction = conn.transaction()?;
        let id = self.insert_inspection(&transaction, form)?;
        let mut insert = transaction.prepare(statement!("inspection_result"))?;
        for (key, item) in CHECKLIST.iter().zip(&form.results) {
            insert.execute(named_params! {
                ":inspection_id": id,
                ":item_key": key,
                ":status": item.status,
                ":note": item.note,
            })?;
        }
        drop(insert);
        self.follow_up(&transaction, form)?;
        transaction.commit()?;
        Ok(id)
    }

    fn insert_inspection(&self, conn: &Connection, form: &Inspection<'_>) -> anyhow::Result<i64> {
        let mut parameters = named_params! {
            ":vehicle_id": form.vehicle_id,
            ":driver_id": form.driver_id,
            ":inspection_date": form.inspection_date,
            ":km": form.km,
            ":notes": form.notes,
            ":fault_id": form.fault_id,
            ":fault_status": form.fault_status,
            ":service_visit": form.service_visit,
        }
        .to_vec();
        let insert = match self.generation {
            Generation::D1BeforeTombstones | Generation::D1 => {
                parameters.push((":region", &self.region));
                statement!("inspection_add_d1")
            }
            Generation::D2 => statement!("inspection_add_d2"),
        };
        conn.execute(insert, parameters.as_slice())?;
        Ok(conn.last_insert_rowid())
    }

    fn follow_up(&self, conn: &Connection, form: &Inspection<'_>) -> anyhow::Result<()> {
        if form.km > 0 {
            let vehicle =
                named_params! { ":vehicle_id": form.vehicle_id, ":km": form.km, ":region": self.region };
            conn.execute(statement!("inspection_km"), vehicle)?;
        }
        if form.fault_status == Some("Kapandi") {
            let fault = named_params! { ":fault_id": form.fault_id, ":date": form.inspection_date };
            conn.execute(statement!("inspection_closes"), fault)?;
        }
        Ok(())
    }
}
